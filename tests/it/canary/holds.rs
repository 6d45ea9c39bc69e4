//! What holds a canary, and what lets it go on: people, freezes, missing data.

use std::time::SystemTime;

use serde_json::json;

use super::{House, UNITS, pause, states, transitions};

/// One stage at half the units that nobody waits for to end, and the whole.
fn long() -> serde_json::Value {
    json!([{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_waited_for_at_the_share_of_its_stage() {
    let house = House::new("").await;
    let stages = json!([{"percentage": 50, "duration": "1s", "approval": true}, {"percentage": 100, "duration": "0s"}]);
    let id = house.begin(json!({"stages": stages})).await;
    let asking = async || drop(house.ask_everybody().await);
    // It may have been held for want of data before.
    let waiting = house.until_seen(&id, "awaiting approval", |canary| canary["paused_because"] == "approval", asking).await;
    assert_eq!((&waiting["paused_because"], &waiting["current_percentage"]), (&json!("approval"), &json!(50.0)), "{waiting:#}");
    assert!(house.ask_everybody().await.values().any(|from| from == "docs_v2"), "its share stays");
    assert_eq!(house.target().await, "docs_v1");
    house.command(&id, "approve").await;
    house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_holds_until_its_end() {
    let house = House::new("").await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
    let until = u64::try_from(now).expect("a date") + 8_000;
    let id = house.begin(json!({"freeze": [{"kind": "once", "from": 0, "until": until}]})).await;
    let skip = house.pointsman.http.post(house.pointsman.admin(&format!("/v1/canaries/{id}/skip"))).send().await.expect("an answer");
    assert_eq!(skip.status(), 409, "nobody hurries through a freeze");
    let ended = house.until(&id, &["completed"]).await;
    let begun = transitions(&ended).into_iter().find(|step| step["to"]["name"] == "stepping").expect("it began");
    assert!(begun["at"].as_u64() >= Some(until), "it began in a freeze: {begun}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_longer_than_the_stage_keeps_the_share_and_the_remaining_time() {
    let house = House::new("").await;
    let id = house.begin(json!({"stages": [{"percentage": 50, "duration": "3s"}, {"percentage": 100, "duration": "0s"}]})).await;
    // Nobody asks until it stands still, so it cannot pass meanwhile, however long that takes.
    house.until_seen(&id, "in its stage", |canary| canary["state"] == "stepping" || canary["state"] == "paused", pause).await;
    let paused = house.command(&id, "pause").await;
    let before = house.ask_everybody().await;
    let moved = before.values().filter(|from| *from == "docs_v2").count();
    assert!((UNITS / 3..=UNITS * 2 / 3).contains(&moved), "its share stays: {moved} of {UNITS} units at 50 %");
    let left = paused["time_left_ms"].as_u64().expect("it is in a stage");
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(house.ask_everybody().await, before, "a user flipped during the pause");
    }
    let still = house.show(&id).await;
    assert_eq!((&still["state"], &still["paused_because"]), (&json!("paused"), &json!("user")));
    assert_eq!(still["time_left_ms"], left, "the clock of a paused stage stands");
    house.command(&id, "resume").await;
    house.until(&id, &["completed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_can_be_skipped_and_the_rest_promoted() {
    let house = House::new("").await;
    let stages = json!([
        {"percentage": 10, "duration": "10m"},
        {"percentage": 50, "duration": "10m"},
        {"percentage": 100, "duration": "10m"},
    ]);
    let id = house.begin(json!({"stages": stages})).await;
    house.until(&id, &["stepping"]).await;
    let skipped = house.command(&id, "skip").await;
    assert_eq!((&skipped["current_stage"], &skipped["current_percentage"]), (&json!(1), &json!(50.0)), "{skipped:#}");
    house.command(&id, "promote").await;
    let ended = house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
    let by: Vec<_> = transitions(&ended).into_iter().filter(|step| step["actor"] == "admin").collect();
    assert_eq!(by.len(), 3, "created, skipped and promoted by somebody: {by:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_leaves_everything_as_it_was() {
    let house = House::new("").await;
    let id = house.begin(json!({"stages": long()})).await;
    house.until(&id, &["stepping"]).await;
    house.command(&id, "abort").await;
    let ended = house.until(&id, &["aborted"]).await;
    assert_eq!(states(&ended).last().map(String::as_str), Some("aborted"));
    assert_eq!(house.target().await, "docs_v1");
    assert!(house.ask_everybody().await.values().all(|from| from == "docs_v1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_data_it_waits_and_goes_on_once_there_is_some() {
    let house = House::new("").await;
    let id = house.begin(json!({})).await;
    house.until_paused(&id, "no_data").await;
    assert_eq!(house.target().await, "docs_v1");
    house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_data_it_goes_back_where_the_plan_says_so() {
    let house = House::new("").await;
    let id = house.begin(json!({"no_data": "rollback"})).await;
    house.until_seen(&id, "rolled back", |canary| canary["state"] == "rolled_back", pause).await;
    assert_eq!(house.target().await, "docs_v1");
}
