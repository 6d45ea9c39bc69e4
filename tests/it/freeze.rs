//! Freeze windows of the configuration: what they hold, and that a reload opens and closes them.

use serde_json::{Value, json};

use crate::house::query;
use crate::rollout_house::{House, is};

const FROZEN: &str = "freeze: [{name: the fair, kind: once, from: 2020-01-01T00:00:00Z, until: 2099-01-01T00:00:00Z}]";

async fn canary(house: &House) -> String {
    house.canary(&json!([{"kind": "error_rate", "max": 0.5}]), "1s").await
}

async fn until(house: &House, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    house.until(id, what, wanted, async |unit| drop(house.ask(unit, &query()).await)).await
}

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
    let id = canary(&house).await;
    let held = until(&house, &id, "a warning", warns).await;
    assert_eq!((&held["state"], &held["current_percentage"]), (&json!("scheduled"), &json!(0.0)));
    reload(&house, "", false).await;
    until(&house, &id, "the end", is("completed")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_under_way_holds_and_cannot_be_hurried_but_may_go_back() {
    let house = House::new("").await;
    // Nobody asks anything, so it cannot pass before the window is open.
    let id = canary(&house).await;
    house.until(&id, "its first stage", is("stepping"), async |_| tokio::task::yield_now().await).await;
    reload(&house, FROZEN, true).await;
    until(&house, &id, "a hold", |canary| canary["paused_because"] == "freeze" && warns(canary)).await;
    for hurry in ["promote", "skip"] {
        assert_eq!(house.command(&id, hurry).await, 409, "{hurry}");
    }
    assert_eq!(house.command(&id, "abort").await, 200);
    until(&house, &id, "the way back", is("aborted")).await;
}
