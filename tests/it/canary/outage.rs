//! Both collections away at once.

use serde_json::{Value, json};

use super::{House, endless, reason_of, states, unavailable};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_both_holds_the_canary_and_does_not_blame_it() {
    let house = House::new("").await;
    let guards = json!([{"kind": "error_rate", "max": 0.05, "margin": 0.01}]);
    let stages = json!([{"percentage": 50, "duration": "1s"}, {"percentage": 100, "duration": "0s"}]);
    let id = house.begin(json!({"guards": guards, "stages": stages, "minimum_requests": 1, "minimum_units": 1})).await;
    // Nothing is asked before, so that the stage cannot pass.
    let begun = |canary: &Value| canary["state"] == "stepping" || canary["state"] == "paused";
    house.until_seen(&id, "in its stage", begun, super::pause).await;
    for name in ["docs", "docs_v1", "docs_v2"] {
        house.fault(name, unavailable());
    }
    let asking = async || drop(house.ask_all_statuses().await);
    let over = |canary: &Value| {
        canary["state"] == "rolled_back"
            || (canary["paused_because"] == "inconclusive" && reason_of(canary, "error_rate").contains("while both fail"))
    };
    let held = house.until_seen(&id, "held", over, asking).await;
    assert_eq!(held["paused_because"], "inconclusive", "{held:#}");
    house.mend();
    // The first evaluation may be of requests during the outage alone, the second one is not.
    for _ in 0..2 {
        let counted = requests(&house.show(&id).await);
        house.ask_everybody().await;
        house.until_seen(&id, "evaluated after the outage", |canary| requests(canary) > counted, super::pause).await;
    }
    assert!(!states(&house.show(&id).await).contains(&"rolling_back".to_owned()), "it was blamed afterwards");
    assert_eq!(house.target().await, "docs_v1");
}

/// Of the canary's cohort, as the last evaluation has them.
fn requests(canary: &Value) -> u64 {
    canary["canary"]["requests"].as_u64().unwrap_or_default()
}

/// One that fails alone is still taken back, however the other one did before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_fails_alone_after_an_outage_of_both_is_rolled_back() {
    let house = House::new("").await;
    let id = house.begin(json!({"guards": [{"kind": "error_rate", "max": 0.05, "margin": 0.01}], "stages": endless()})).await;
    house.until(&id, &["stepping"]).await;
    for name in ["docs", "docs_v1", "docs_v2"] {
        house.fault(name, unavailable());
    }
    house.ask_all_statuses().await;
    house.mend();
    house.fault("docs_v2", unavailable());
    house.until(&id, &["rolled_back"]).await;
    assert_eq!(house.target().await, "docs_v1");
}
