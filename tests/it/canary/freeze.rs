//! Freeze windows of the configuration: what they hold, and that a reload opens and closes them.

use serde_json::{Value, json};

use super::{House, pause};

const FROZEN: &str = "freeze: [{name: the fair, kind: once, from: 2020-01-01T00:00:00Z, until: 2099-01-01T00:00:00Z}]";

async fn reload(house: &House, extra: &str, frozen: bool) {
    house.pointsman.configure(&house.upstream, extra);
    house.pointsman.until("the other configuration", |status| status["frozen"].is_string() == frozen).await;
}

fn warns(canary: &Value) -> bool {
    canary["warnings"].as_array().into_iter().flatten().any(|warning| warning.as_str().is_some_and(|text| text.contains("`the fair`")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_begins_in_a_freeze_window_until_a_reload_ends_it() {
    let house = House::new(FROZEN).await;
    let status = house.pointsman.status().await;
    assert!(status["frozen"].as_str().is_some_and(|reason| reason.contains("`the fair`")), "{status}");
    let id = house.begin(json!({})).await;
    let held = house.until_seen(&id, "warned of", warns, pause).await;
    assert_eq!((&held["state"], &held["current_percentage"]), (&json!("scheduled"), &json!(0.0)));
    reload(&house, "", false).await;
    house.until(&id, &["completed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_under_way_holds_and_cannot_be_hurried_but_may_go_back() {
    let house = House::new("").await;
    // Nobody asks anything, so it cannot pass before the window is open.
    let id = house.begin(json!({})).await;
    house.until_seen(&id, "in a stage", |canary| canary["state"] == "stepping" || canary["state"] == "paused", pause).await;
    reload(&house, FROZEN, true).await;
    let asking = async || drop(house.ask_everybody().await);
    house.until_seen(&id, "held", |canary| canary["paused_because"] == "freeze" && warns(canary), asking).await;
    for hurry in ["promote", "skip"] {
        let url = house.pointsman.admin(&format!("/v1/canaries/{id}/{hurry}"));
        assert_eq!(house.pointsman.http.post(url).send().await.expect("an answer").status(), 409, "{hurry}");
    }
    house.command(&id, "abort").await;
    house.until(&id, &["aborted"]).await;
}
