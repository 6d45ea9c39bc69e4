//! A split alias: who gets which answer, and what the wire carries.

use pointsman_sandbox::requests::Filter;
use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use serde_json::json;

use crate::house::{Pointsman, Upstream, alias, client, collection, get, origin, query, send};

async fn two_versions(upstream: &Upstream) {
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
}

fn grpc_query(collection: &str) -> qdrant_client::qdrant::QueryPoints {
    QueryPointsBuilder::new(collection).query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_unit_stays_on_its_variant_over_both_protocols() {
    let upstream = Upstream::sandbox().await;
    two_versions(&upstream).await;
    let pointsman = Pointsman::start(&upstream, "").await;
    pointsman.split("docs", "docs_v2", 70, 30).await;
    let grpc = client(&pointsman);
    let mut on_candidate = 0;
    for user in 0..120 {
        let user = format!("user-{user}");
        let url = pointsman.admin(&format!("/v1/aliases/docs/decision?unit={user}"));
        let decision = get(&pointsman.http, &url).await;
        let expected = if decision["variant"] == "candidate" { "docs_v2" } else { "docs_v1" };
        on_candidate += usize::from(expected == "docs_v2");
        let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", &user).json(&query());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["x-pointsman-variant"], decision["variant"].as_str().expect("a name"), "{user}");
        assert_eq!(origin(&answer.json().await.expect("JSON")), expected, "{user} over REST");
        let answer = grpc.with_header("x-user-id", &user).query(grpc_query("docs")).await.expect("an answer");
        assert_eq!(answer.result[0].payload["from"].as_str().expect("a text"), expected, "{user} over gRPC");
    }
    assert!((15..60).contains(&on_candidate), "{on_candidate} of 120 at 30 %");
    // Stable goes on unchanged, alias and all; the candidate by its own name.
    let count = |name: &str| {
        upstream.engine().log.count(&Filter { operation: Some("uery".to_owned()), collection: Some(name.to_owned()), ..Filter::default() })
    };
    assert_eq!(count("docs"), 2 * (120 - on_candidate));
    assert_eq!(count("docs_v2"), 2 * on_candidate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suffixes_and_forced_variants_work_where_configured_and_internal_headers_end_here() {
    let upstream = Upstream::sandbox().await;
    two_versions(&upstream).await;
    let identity = "identity: {carriers: [{header: x-user-id}, {name_suffix: \"@@u=\"}], force_header: x-force-variant}";
    let pointsman = Pointsman::start(&upstream, identity).await;
    pointsman.split("docs", "docs_v2", 50, 50).await;
    let ask = async |path: &str, header: Option<(&str, &str)>| {
        let mut request = pointsman.http.post(pointsman.rest(path)).json(&query()).header("x-pointsman-variant", "forged");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        origin(&request.send().await.expect("an answer").json().await.expect("JSON"))
    };
    for user in 0..20 {
        let named = ask(&format!("/collections/docs@@u={user}/points/query"), None).await;
        assert_eq!(named, ask("//collections/docs/points/query/", Some(("x-user-id", &user.to_string()))).await, "user {user}");
    }
    assert_eq!(ask("/collections/docs/points/query", Some(("x-force-variant", "candidate"))).await, "docs_v2");
    assert_eq!(ask("/collections/docs/points/query", Some(("x-force-variant", "stable"))).await, "docs_v1");
    let metrics = pointsman.http.get(pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("a text");
    for variant in ["candidate", "stable"] {
        let forced = format!("pointsman_forced_requests_total{{alias=\"docs\",variant=\"{variant}\"}} 1");
        assert!(metrics.lines().any(|line| line == forced), "{forced} in\n{metrics}");
    }
    let seen = upstream.engine().log.list(&Filter::default());
    assert!(seen.iter().all(|request| !request.headers.contains_key("x-pointsman-variant")), "a forged header went on");
    assert!(seen.iter().all(|request| request.collection.as_deref().is_none_or(|name| !name.contains("@@"))), "a suffix went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_through_a_split_alias_reach_stable_alone() {
    let upstream = Upstream::sandbox().await;
    two_versions(&upstream).await;
    let pointsman = Pointsman::start(&upstream, "").await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    let point = json!({"points": [{"id": 99, "vector": [1, 1], "payload": {"from": "write"}}]});
    send(&pointsman.http, reqwest::Method::PUT, &pointsman.rest("/collections/docs/points?wait=true"), &point).await;
    for (name, points) in [("docs_v1", 6), ("docs_v2", 5)] {
        let count = send(
            &pointsman.http,
            reqwest::Method::POST,
            &format!("{}/collections/{name}/points/count", upstream.rest),
            &json!({"exact": true}),
        )
        .await;
        assert_eq!(count["result"]["count"], points, "{name}");
    }
    let metrics = pointsman.http.get(pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
    assert!(metrics.contains("pointsman_split_writes_total{alias=\"docs\",variant=\"stable\"} 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_change_is_in_the_table_before_its_own_answer() {
    let upstream = Upstream::sandbox().await;
    two_versions(&upstream).await;
    // Only changes that pass through can bring a new listing in time: the next round is an hour away.
    let pointsman = Pointsman::start(&upstream, "aliases: {refresh: 1h}").await;
    let through = pointsman.rest("");
    for turn in 0..10 {
        let target = if turn % 2 == 0 { "docs_v2" } else { "docs_v1" };
        alias(&through, "docs", target).await;
        let aliases = get(&pointsman.http, &pointsman.admin("/v1/aliases")).await;
        assert_eq!(aliases["items"][0]["collection"], target, "turn {turn}: {aliases}");
    }
}
