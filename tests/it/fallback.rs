//! A variant that cannot serve: users see stable's answer, the variant gets the blame.

use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, client, collection, origin, query, send};
use crate::peer::refusing_port;

async fn failing_candidate(fault: Option<Value>, extra: &str) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    if let Some(fault) = fault {
        collection(&upstream.rest, "docs_v2").await;
        let fault = serde_json::from_value(fault).expect("a fault");
        upstream.engine().faults.set("docs_v2", fault).expect("a valid fault");
    }
    let pointsman = Pointsman::start(&upstream, extra).await;
    pointsman.split("docs", "docs_v2", 0, 100).await;
    (upstream, pointsman)
}

/// Asks over both protocols and expects stable's answer, for the reason given.
async fn expect_stable(pointsman: &Pointsman, cause: &str) {
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "1").json(&query());
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-pointsman-variant"], "stable");
    assert_eq!(answer.headers()["x-pointsman-fallback"], cause);
    assert_eq!(origin(&answer.json().await.expect("JSON")), "docs_v1");
    let grpc = client(pointsman);
    let request = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5])).limit(1).with_payload(true);
    let answer = grpc.with_header("x-user-id", "1").query(request).await.expect("stable's answer");
    assert_eq!(answer.result[0].payload["from"].as_str().expect("a text"), "docs_v1");
    let candidate = pointsman.variant("docs", "candidate").await;
    assert_eq!(candidate["fallbacks"], 2, "{candidate}");
    assert!(candidate["requests"].as_u64().is_some_and(|requests| requests >= 2), "{candidate}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_errors() {
    // 408 is what Qdrant says of a search that took longer than its `timeout` allows.
    for status in [500, 503, 408] {
        let (_upstream, pointsman) = failing_candidate(Some(json!({"errors": [{"status": status, "share": 1.0}]})), "").await;
        expect_stable(&pointsman, "status").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_collection() {
    let (_upstream, pointsman) = failing_candidate(None, "").await;
    expect_stable(&pointsman, "missing").await;
}

/// What a variant refuses and stable serves is the variant's failure, and users see nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals() {
    for status in [400, 403, 422] {
        let (_upstream, pointsman) = failing_candidate(Some(json!({"errors": [{"status": status, "share": 1.0}]})), "").await;
        expect_stable(&pointsman, "refused").await;
    }
}

/// What both refuse is the request's fault: the client sees stable's words, and no variant is blamed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_stable_refuses_too_is_no_failure_of_the_variant() {
    let (_upstream, pointsman) = failing_candidate(Some(json!({})), "").await;
    for _ in 0..3 {
        let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "1");
        let answer = request.json(&json!({"query": [1.0, 0.5, 7.0], "limit": 1})).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), &answer.headers()["x-pointsman-variant"]), (400, &"stable".parse().expect("a value")));
        let request = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.5, 7.0])).limit(1);
        let error = client(&pointsman).with_header("x-user-id", "1").query(request).await.expect_err("a wrong dimension");
        assert!(error.to_string().contains("dimension"), "{error}");
    }
    assert_eq!(pointsman.variant("docs", "candidate").await["fallbacks"], 0);
}

/// A variant's refusal is better than no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_goes_out_where_stable_cannot_be_reached() {
    let there = Upstream::sandbox().await;
    collection(&there.rest, "docs_v2").await;
    let faults = serde_json::from_value(json!({"errors": [{"status": 403, "share": 1.0}]})).expect("a fault");
    there.engine().faults.set("docs_v2", faults).expect("a valid fault");
    let sandbox = Upstream::sandbox().await;
    collection(&sandbox.rest, "docs_v1").await;
    alias(&sandbox.rest, "docs", "docs_v1").await;
    // Its aliases are listed over gRPC.
    let here = Upstream { rest: format!("http://{}", refusing_port()), ..sandbox };
    let extra = format!(
        "  there: {{rest_url: \"{}\", grpc_url: \"{}\"}}\nroutes: {{docs: {{variants: [{{name: stable, weight: 0}}, \
         {{name: there, upstream: there, collection: docs_v2, weight: 1}}]}}}}",
        there.rest, there.grpc
    );
    let pointsman = Pointsman::start(&here, &extra).await;
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "1").json(&query());
    let answer = request.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-pointsman-variant"]), (403, &"there".parse().expect("a value")));
    pointsman.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_never_begins() {
    // Stable has to begin in time too, on a busy machine.
    let (_upstream, pointsman) = failing_candidate(Some(json!({"connection": "stall"})), "timeouts: {first_byte: 4s}").await;
    expect_stable(&pointsman, "timeout").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_point_is_no_missing_collection() {
    let (_upstream, pointsman) = failing_candidate(Some(json!({})), "").await;
    let answer = pointsman.http.get(pointsman.rest("/collections/docs/points/4711")).send().await.expect("an answer");
    assert_eq!(answer.status(), 404);
    // Stable does not have it either, so no variant is to blame.
    assert_eq!(answer.headers()["x-pointsman-variant"], "stable");
    assert!(answer.text().await.expect("text").contains("4711"));
    assert_eq!(pointsman.variant("docs", "candidate").await["fallbacks"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_never_sent_twice_nor_elsewhere() {
    let (upstream, pointsman) = failing_candidate(Some(json!({})), "").await;
    let fault = serde_json::from_value(json!({"errors": [{"status": 500, "share": 1.0}]})).expect("a fault");
    upstream.engine().faults.set("docs_v1", fault).expect("a valid fault");
    let point = json!({"points": [{"id": 99, "vector": [1, 1]}]});
    let answer = pointsman.http.put(pointsman.rest("/collections/docs/points?wait=true")).json(&point).send().await.expect("an answer");
    assert_eq!(answer.status(), 500);
    upstream.engine().faults.clear_all();
    let count = json!({"exact": true});
    for name in ["docs_v1", "docs_v2"] {
        let counted =
            send(&pointsman.http, reqwest::Method::POST, &format!("{}/collections/{name}/points/count", upstream.rest), &count).await;
        assert_eq!(counted["result"]["count"], 5, "{name}");
    }
}
