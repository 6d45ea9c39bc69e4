//! What a canary does while Qdrant cannot be talked to.

use serde_json::json;

use super::{House, pause, states, transitions, unavailable};

/// What is still to be done, and how often it has been tried.
fn attempts(canary: &serde_json::Value) -> u64 {
    let pending = canary["pending"].as_array().into_iter().flatten();
    pending.filter_map(|pending| pending["attempts"].as_u64()).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_switch_that_fails_is_tried_again_until_it_is_made_once() {
    let house = House::new("").await;
    let id = house.begin(json!({"stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}]})).await;
    house.until(&id, &["stepping"]).await;
    house.fault("*", unavailable());
    house.command(&id, "promote").await;
    let trying = house.until_seen(&id, "trying", |canary| canary["state"] == "promoting" && attempts(canary) >= 1, pause).await;
    assert_eq!(trying["current_percentage"], 100.0, "everything is on the canary before the alias moves");
    house.mend();
    let ended = house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
    let switched = states(&ended).iter().filter(|state| *state == "watching").count();
    assert_eq!(switched, 1, "{ended:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_fails_is_a_state_that_shouts_and_goes_on_trying() {
    let house = House::new("").await;
    let id = house.begin(json!({"watch": "10m"})).await;
    house.until(&id, &["watching"]).await;
    assert_eq!(house.target().await, "docs_v2");
    house.fault("*", unavailable());
    house.command(&id, "abort").await;
    let failing = house.until_seen(&id, "failing", |canary| canary["state"] == "rollback_failed", pause).await;
    let said = transitions(&failing).pop().expect("it has a history");
    assert!(said["reason"].as_str().is_some_and(|reason| reason.contains("restoring the alias failed")), "{said}");
    let again = house.pointsman.http.post(house.pointsman.admin(&format!("/v1/canaries/{id}/promote"))).send().await.expect("an answer");
    assert_eq!(again.status(), 409, "there is no way back from the way back");
    house.mend();
    house.until(&id, &["aborted"]).await;
    assert_eq!(house.target().await, "docs_v1");
    assert!(house.ask_everybody().await.values().all(|from| from == "docs_v1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_wait_for_a_qdrant_that_is_away() {
    let house = House::new("").await;
    house.fault("*", unavailable());
    let id = house.begin(json!({})).await;
    house.until_seen(&id, "waiting", |canary| canary["state"] == "initializing" && attempts(canary) >= 2, pause).await;
    house.mend();
    house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
}
