//! Names that lead elsewhere: a variant on another deployment, and the user in the name's suffix over gRPC.

use pointsman_sandbox::requests::Filter;
use qdrant_client::qdrant::{Query, QueryPointsBuilder, QueryResponse};

use crate::house::{Pointsman, Upstream, alias, collection, get, origin, query};
use crate::wire::{Ended, call, framed};

/// Asks for the nearest point by the name given.
async fn grpc_query(pointsman: &Pointsman, name: &str, headers: &[(&str, &str)]) -> Ended {
    let message = QueryPointsBuilder::new(name).query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true).build();
    call(pointsman.grpc, "qdrant.Points/Query", headers, framed(&message)).await
}

fn grpc_origin(ended: &Ended) -> String {
    assert_eq!(ended.status(), "0", "{:?}", ended.text("grpc-message"));
    ended.message::<QueryResponse>().result[0].payload["from"].as_str().expect("a text").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variant_on_another_upstream_answers_over_both_protocols() {
    let (here, there) = (Upstream::sandbox().await, Upstream::sandbox().await);
    collection(&here.rest, "docs_v1").await;
    alias(&here.rest, "docs", "docs_v1").await;
    collection(&there.rest, "docs_far").await;
    let extra = format!(
        "  far: {{rest_url: \"{}\", grpc_url: \"{}\"}}\n\
         routes: {{docs: {{variants: [{{name: stable, weight: 50}}, {{name: far, upstream: far, collection: docs_far, weight: 50}}]}}}}",
        there.rest, there.grpc
    );
    let pointsman = Pointsman::start(&here, &extra).await;
    let mut far = 0;
    for user in 0..20 {
        let user = user.to_string();
        let decision = get(&pointsman.http, &pointsman.admin(&format!("/v1/aliases/docs/decision?unit={user}"))).await;
        let expected = if decision["variant"] == "far" { "docs_far" } else { "docs_v1" };
        far += usize::from(expected == "docs_far");
        let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", &user).json(&query());
        assert_eq!(origin(&request.send().await.expect("an answer").json().await.expect("JSON")), expected, "{user} over REST");
        let ended = grpc_query(&pointsman, "docs", &[("x-user-id", &user)]).await;
        assert_eq!(grpc_origin(&ended), expected, "{user} over gRPC");
    }
    assert!((1..20).contains(&far), "{far} of 20 users");
    // Elsewhere down, its users are served here, and nobody else notices.
    drop(there);
    for user in 0..20 {
        let user = user.to_string();
        let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", &user).json(&query());
        assert_eq!(origin(&request.send().await.expect("an answer").json().await.expect("JSON")), "docs_v1");
        assert_eq!(grpc_origin(&grpc_query(&pointsman, "docs", &[("x-user-id", &user)]).await), "docs_v1");
    }
    assert_eq!(pointsman.variant("docs", "far").await["fallbacks"], 2 * far);
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suffix_names_the_user_over_grpc_and_goes_no_further() {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "identity: {carriers: [{name_suffix: \"@@u=\"}]}").await;
    pointsman.split("docs", "docs_v2", 50, 50).await;
    let mut seen = [0, 0];
    for user in 0..20 {
        let decision = get(&pointsman.http, &pointsman.admin(&format!("/v1/aliases/docs/decision?unit={user}"))).await;
        let candidate = decision["variant"] == "candidate";
        seen[usize::from(candidate)] += 1;
        let ended = grpc_query(&pointsman, &format!("docs@@u={user}"), &[]).await;
        assert_eq!(grpc_origin(&ended), if candidate { "docs_v2" } else { "docs_v1" }, "user {user}");
    }
    assert!(seen.iter().all(|users| *users > 0), "{seen:?}");
    // Without a route the suffix is taken off all the same.
    assert_eq!(grpc_origin(&grpc_query(&pointsman, "docs_v1@@u=1", &[]).await), "docs_v1");
    let log = upstream.engine().log.list(&Filter::default());
    assert!(log.iter().all(|request| request.collection.as_deref().is_none_or(|name| !name.contains("@@"))), "a suffix went on");
}
