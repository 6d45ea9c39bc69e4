//! A new configuration under live traffic: by the file's content or by SIGHUP, whole or not at all.

use serde_json::Value;

use crate::house::{Pointsman, Upstream, alias, collection, origin, query};

/// All searches on one variant or the other, those without a user too.
fn route(stable: u32, candidate: u32) -> String {
    let variants = format!("[{{name: stable, weight: {stable}}}, {{name: candidate, collection: docs_v2, weight: {candidate}}}]");
    format!("routes: {{docs: {{variants: {variants}, anonymous: random}}}}")
}

async fn house(extra: &str) -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, extra).await;
    (upstream, pointsman)
}

async fn answered_by(pointsman: &Pointsman) -> String {
    let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).json(&query());
    origin(&request.send().await.expect("an answer").json().await.expect("JSON"))
}

fn candidate_weight(status: &Value) -> Option<f64> {
    status["routes"][0]["variants"][1]["weight"].as_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_file_changes_the_weights() {
    let (upstream, pointsman) = house(&route(100, 0)).await;
    assert_eq!(answered_by(&pointsman).await, "docs_v1");
    let before = pointsman.status().await;
    pointsman.configure(&upstream, &route(0, 100));
    let after = pointsman.until("the new weight", |status| candidate_weight(status) == Some(100.0)).await;
    assert!(after["table_version"].as_u64() > before["table_version"].as_u64());
    assert_eq!(answered_by(&pointsman).await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_reads_the_file_again_though_nothing_changed() {
    let (_upstream, pointsman) = house(&route(0, 100)).await;
    let observed = |status: &Value| status["config"]["observed_at"].as_u64().expect("a time");
    let first = observed(&pointsman.status().await);
    // The time is in whole seconds, so one signal may not show.
    let heard = async {
        while observed(&pointsman.status().await) == first {
            pointsman.signal("-HUP").await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, heard).await.expect("the signal is heard");
    let status = pointsman.status().await;
    assert_eq!(status["config"]["rejected"], serde_json::json!([]));
    assert_eq!(answered_by(&pointsman).await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_changes_nothing_and_the_status_says_why() {
    let (upstream, pointsman) = house(&route(0, 100)).await;
    let good = pointsman.status().await["config"]["serving"].clone();
    for (bad, key) in [
        ("routes: {docs: {variants: [{name: stable, weight: -1}]}}", "routes.docs.variants[0].weight"),
        ("limits: {max_request: 7}", "limits.max_request"),
        ("routes: {docs: {variants: [{name: stable, weight: 1}, {name: far, collection: x, upstream: mars, weight: 1}]}}", "mars"),
        ("routes: {docs", "pointsman.yaml"),
    ] {
        let seen = pointsman.status().await["config"]["observed"].clone();
        pointsman.configure(&upstream, bad);
        pointsman.signal("-HUP").await;
        let status = pointsman.until(bad, |status| status["config"]["observed"] != seen).await;
        let config = &status["config"];
        let reasons = config["rejected"].to_string();
        assert!(reasons.contains(key), "{bad} was rejected for {reasons}");
        assert_eq!(config["serving"], good);
        assert_eq!((candidate_weight(&status), status["ready"].as_bool()), (Some(100.0), Some(true)));
        assert_eq!(answered_by(&pointsman).await, "docs_v2");
    }
    pointsman.configure(&upstream, &route(100, 0));
    let healed = pointsman.until("the good file", |status| candidate_weight(status) == Some(0.0)).await;
    assert_eq!(healed["config"]["rejected"], serde_json::json!([]));
    assert_eq!(answered_by(&pointsman).await, "docs_v1");
}
