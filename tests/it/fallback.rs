//! A variant that cannot serve: users see stable's answer, the variant gets the blame.

use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, client, collection, origin, query, send};

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
    let (_upstream, pointsman) = failing_candidate(Some(json!({"errors": [{"status": 500, "share": 1.0}]})), "").await;
    expect_stable(&pointsman, "status").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_collection() {
    let (_upstream, pointsman) = failing_candidate(None, "").await;
    expect_stable(&pointsman, "missing").await;
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
    assert_eq!(answer.headers()["x-pointsman-variant"], "candidate");
    assert!(!answer.headers().contains_key("x-pointsman-fallback"));
    assert!(answer.text().await.expect("text").contains("4711"));
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
