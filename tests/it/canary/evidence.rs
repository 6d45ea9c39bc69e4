//! What a canary is judged by: its own window, beside what control shows at the same time.

use serde_json::json;

use super::{House, pause, query, states};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_an_earlier_stage_do_not_fail_the_next() {
    let house = House::new("").await;
    // Nothing hears the errors of the first stage.
    let lenient = json!([{"kind": "latency", "statistic": "p95", "max_ms": 60_000}]);
    let stages = json!([
        {"percentage": 50, "duration": "10m", "guards": lenient},
        {"percentage": 60, "duration": "2s"},
        {"percentage": 100, "duration": "0s"},
    ]);
    let id = house.begin(json!({"stages": stages, "guards": [{"kind": "error_rate", "max": 0.2}]})).await;
    house.until(&id, &["stepping"]).await;
    house.fault("docs_v2", json!({"errors": [{"status": 500, "share": 1.0}]}));
    let asking = async || drop(house.ask_everybody().await);
    house.until_seen(&id, "failing a lot", |canary| canary["canary"]["error_rate"].as_f64() > Some(0.5), asking).await;
    house.mend();
    house.command(&id, "skip").await;
    let ended = house.until(&id, &["completed", "rolled_back"]).await;
    assert_eq!(ended["state"], "completed", "{ended:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_stage_does_not_mask_the_errors_of_the_next() {
    let house = House::new("").await;
    let stages = json!([
        {"percentage": 50, "duration": "1s", "approval": true},
        {"percentage": 60, "duration": "10m"},
        {"percentage": 100, "duration": "0s"},
    ]);
    let id = house.begin(json!({"stages": stages})).await;
    let first = async || drop(house.ask_everybody().await);
    // It may have been held for want of data before.
    house.until_seen(&id, "awaiting approval", |canary| canary["paused_because"] == "approval", first).await;
    for _ in 0..5 {
        house.ask_everybody().await;
    }
    house.command(&id, "approve").await;
    let second = async || drop(house.ask_everybody().await);
    house.until_seen(&id, "in its second stage", |canary| canary["current_stage"] == 1, second).await;
    house.fault("docs_v2", json!({"errors": [{"status": 500, "share": 1.0}]}));
    house.until(&id, &["rolled_back"]).await;
    assert_eq!(house.target().await, "docs_v1");
}

fn slower_than_control() -> serde_json::Value {
    json!({
        "stages": [{"percentage": 50, "duration": "3s"}, {"percentage": 100, "duration": "0s"}],
        "minimum_requests": 200,
        "guards": [{"kind": "latency", "statistic": "p95", "max_ms": 60_000, "relative_margin": 3.0}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equally_slow_collections_are_no_reason_to_go_back() {
    let house = House::new("").await;
    for name in ["docs_v1", "docs_v2"] {
        house.fault(name, json!({"latency": {"distribution": "fixed", "ms": 150}}));
    }
    // So that what is usual for stable is known before the canary begins.
    house.ask_everybody().await;
    let id = house.begin(slower_than_control()).await;
    let ended = house.until(&id, &["completed", "rolled_back"]).await;
    assert_eq!(ended["state"], "completed", "{ended:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slower_collection_is_taken_back() {
    let house = House::new("").await;
    house.fault("docs_v1", json!({"latency": {"distribution": "fixed", "ms": 20}}));
    house.fault("docs_v2", json!({"latency": {"distribution": "fixed", "ms": 1500}}));
    // What is usual for stable, of one question at a time: many at once would measure the machine, and on a busy one that is
    // as slow as the new collection.
    for _ in 0..60 {
        let request = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query")).json(&query());
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    }
    let mut spec = slower_than_control();
    spec["guards"][0]["relative_margin"] = json!(1.0);
    let id = house.begin(spec).await;
    // The stage is compared with what was usual as it began: nobody asks before.
    house.until_seen(&id, "in its stage", |canary| canary["state"] == "stepping" || canary["state"] == "paused", pause).await;
    let ended = house.until(&id, &["completed", "rolled_back"]).await;
    assert_eq!(ended["state"], "rolled_back", "{ended:#}");
    assert!(states(&ended).contains(&"rolling_back".to_owned()));
    assert_eq!(house.target().await, "docs_v1");
}
