//! Canaries of collections that are written.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, problem};

/// One long stage, and the last one that needs no time.
fn spec(changes: &Value) -> Value {
    let mut spec = json!({
        "alias": "docs", "collection": "docs_v2",
        "stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
        "check_interval": "300ms", "warm_up": "0s", "watch": "1s", "retire_old": "1s",
        "minimum_requests": 50, "minimum_units": 20,
        // A busy machine's latencies say nothing about the code under test.
        "guards": [{"kind": "error_rate", "max": 0.5, "margin": 0.3}],
    });
    super::extend(&mut spec, changes);
    spec
}

async fn begun(house: &House, changes: &Value) -> String {
    let (status, made) = house.post("/v1/canaries", &spec(changes)).await;
    assert_eq!(status, StatusCode::CREATED, "{made:#}");
    let path = format!("/v1/canaries/{}", made["id"].as_str().expect("an id"));
    house.until(&path, "in its stage", |canary| ["stepping", "paused"].contains(&canary["state"].as_str().unwrap_or_default())).await;
    path
}

fn reasons(canary: &Value) -> String {
    let steps = ["first", "last"].iter().flat_map(|part| canary["history"][part].as_array().into_iter().flatten());
    steps.map(|step| format!("{}: {}\n", step["to"]["name"], step["reason"])).collect()
}

fn warnings(shown: &Value) -> String {
    shown["warnings"].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_that_loses_writes_is_refused_with_their_number() {
    let house = House::new("").await;
    house.write("docs", 1).await;
    let path = begun(&house, &json!({})).await;
    house.write("docs", 3).await;
    house.write("docs_v1", 1).await;
    let shown = house.show(&path).await;
    assert_eq!(shown["lost_if_promoted"]["acknowledged"], 4, "what came before the canary is not its concern: {shown:#}");
    assert!(warnings(&shown).contains("4 acknowledged writes"), "{shown:#}");
    let listed = house.show("/v1/canaries").await["items"][0].clone();
    assert_eq!(listed["lost_if_promoted"]["acknowledged"], 4);

    let (status, refused) = house.post(&format!("{path}/promote"), &json!({})).await;
    let detail = problem(status, &refused, 4);
    assert!(detail.contains("accept_lost_writes"), "{detail}");
    assert_eq!(house.show(&path).await["current_percentage"], 50.0, "nothing was changed");

    let accepted = json!({"accept_lost_writes": true, "reason": "they are logs"});
    let (status, promoted) = house.post(&format!("{path}/promote"), &accepted).await;
    assert_eq!(status, StatusCode::OK, "{promoted:#}");
    let ended = house.until_asking(&path, "completed", |canary| canary["state"] == "completed").await;
    assert_eq!(house.target().await, "docs_v2");
    assert!(reasons(&ended).contains("so it is kept"), "{}", reasons(&ended));
    assert!(warnings(&ended).contains("4 acknowledged writes"), "{ended:#}");
    assert_eq!(house.show("/v1/retirements").await["items"], json!([]), "what it alone has is never deleted by itself");
    let audit = house.show("/v1/audit?limit=100").await;
    let of = |row: &&Value| row["action"] == "canary.promote" && row["result"] == "ok";
    let row = audit["items"].as_array().expect("a list").iter().find(of).expect("it is in the audit log");
    assert_eq!(row["after"]["accepted_lost_writes"]["acknowledged"], 4, "{row:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_has_passed_holds_before_it_loses_writes() {
    let house = House::new("").await;
    let path = begun(&house, &json!({})).await;
    house.write("docs", 2).await;
    // Into the last stage, which needs no time.
    let (status, skipped) = house.post(&format!("{path}/skip"), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{skipped:#}");
    let held = house.until(&path, "held", |canary| canary["paused_because"] == "lost_writes").await;
    assert!(reasons(&held).contains("2 acknowledged writes"), "{}", reasons(&held));
    assert!(reasons(&held).contains("pointsman canary approve canary_"), "{}", reasons(&held));
    assert_eq!(house.target().await, "docs_v1");
    let events = house.show("/v1/events?limit=100").await;
    let told = |event: &Value| event["kind"] == "canary.approval_needed" && event["body"]["reason"].to_string().contains("2 acknowledged");
    assert!(events["items"].as_array().expect("a list").iter().any(told), "{events:#}");

    let (status, refused) = house.post(&format!("{path}/approve"), &json!({})).await;
    problem(status, &refused, 2);
    let (status, approved) = house.post(&format!("{path}/approve"), &json!({"accept_lost_writes": true})).await;
    assert_eq!(status, StatusCode::OK, "{approved:#}");
    house.until_asking(&path, "completed", |canary| canary["state"] == "completed").await;
    assert_eq!(house.target().await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_may_accept_it_from_the_start() {
    let house = House::new("").await;
    let path = begun(&house, &json!({"accept_lost_writes": true})).await;
    house.write("docs", 2).await;
    house.post(&format!("{path}/skip"), &json!({})).await;
    let ended = house.until_asking(&path, "completed", |canary| canary["state"] == "completed").await;
    assert_eq!((house.target().await.as_str(), &ended["accepts_lost_writes"]), ("docs_v2", &json!(true)));
    assert_eq!(ended["lost_if_promoted"]["acknowledged"], 2, "{ended:#}");
}

/// In the watch, with so many writes that only the new collection got.
async fn promoted(house: &House, writes: u64) -> String {
    let path = begun(house, &json!({"watch": "10m"})).await;
    let (status, promoted) = house.post(&format!("{path}/promote"), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{promoted:#}");
    house.until(&path, "in its watch", |canary| canary["state"] == "watching").await;
    house.write("docs", writes).await;
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_a_person_asks_for_in_the_watch_is_refused_with_the_number() {
    let house = House::new("").await;
    let path = promoted(&house, 2).await;
    let shown = house.show(&path).await;
    assert_eq!(shown["lost_if_rolled_back"]["acknowledged"], 2, "{shown:#}");
    let (status, refused) = house.post(&format!("{path}/abort"), &json!({})).await;
    problem(status, &refused, 2);
    assert_eq!(house.target().await, "docs_v2", "nothing was changed");
    let (status, aborted) = house.post(&format!("{path}/abort"), &json!({"accept_lost_writes": true})).await;
    assert_eq!(status, StatusCode::OK, "{aborted:#}");
    house.until(&path, "aborted", |canary| canary["state"] == "aborted").await;
    assert_eq!(house.target().await, "docs_v1");
    let (status, refused) = house.post("/v1/retirements", &json!({"collection": "docs_v2", "grace": "1s"})).await;
    problem(status, &refused, 2);
    let by_name = json!({"collection": "docs_v2", "grace": "1h", "accept_lost_writes": true});
    let (status, made) = house.post("/v1/retirements", &by_name).await;
    assert_eq!(status, StatusCode::CREATED, "{made:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_automatic_rollback_is_not_held_up_and_says_what_it_leaves() {
    let house = House::new("").await;
    let path = promoted(&house, 2).await;
    // Noted at a look before it fails: a rollback has no time to count.
    house.until(&path, "counted", |canary| canary["lost_if_rolled_back"]["acknowledged"] == 2).await;
    house.fault("docs_v2", &json!({"errors": [{"status": 500, "share": 1.0}]}));
    let ended = house.until_asking(&path, "rolled back", |canary| canary["state"] == "rolled_back").await;
    house.upstream.engine().faults.clear_all();
    assert_eq!(house.target().await, "docs_v1");
    assert!(reasons(&ended).contains("2 acknowledged writes") && reasons(&ended).contains("`docs_v2` is kept"), "{}", reasons(&ended));
    assert!(reasons(&ended).contains("points/count"), "how to compare: {}", reasons(&ended));
    let events = house.show("/v1/events?limit=100").await;
    let told = |event: &Value| event["kind"] == "canary.rolling_back" && event["body"]["reason"].to_string().contains("2 acknowledged");
    assert!(events["items"].as_array().expect("a list").iter().any(told), "{events:#}");
    assert_eq!(house.show("/v1/retirements").await["items"], json!([]));
    let kept = house.pointsman.http.get(format!("{}/collections/docs_v2", house.upstream.rest)).send().await.expect("an answer");
    assert_eq!(kept.status(), 200);
}

/// It is tried again and again, and users go on writing in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_back_that_takes_long_says_what_it_leaves_at_its_end() {
    let house = House::new("").await;
    let path = promoted(&house, 2).await;
    let old = format!("{}/collections/docs_v1", house.upstream.rest);
    house.pointsman.http.delete(&old).send().await.expect("an answer");
    let (status, aborted) = house.post(&format!("{path}/abort"), &json!({"accept_lost_writes": true})).await;
    assert_eq!(status, StatusCode::OK, "{aborted:#}");
    house.until(&path, "failing", |canary| canary["state"] == "rollback_failed").await;
    house.write("docs", 3).await;
    crate::house::collection(&house.upstream.rest, "docs_v1").await;
    let ended = house.until(&path, "aborted", |canary| canary["state"] == "aborted").await;
    let last = reasons(&ended).lines().last().expect("it has a history").to_owned();
    assert!(last.contains("5 acknowledged writes"), "{}", reasons(&ended));
}

/// A bare move knows nothing of the two; going back it knows what was written since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_warns_of_writes_and_the_switch_back_is_refused() {
    let house = House::new("").await;
    house.write("docs", 3).await;
    let (status, moved) = house.post("/v1/aliases/docs/switch", &json!({"collection": "docs_v2"})).await;
    assert_eq!(status, StatusCode::OK, "{moved:#}");
    assert!(warnings(&moved).contains("`docs_v1` took 3 acknowledged writes in the last"), "{moved:#}");
    house.write("docs", 2).await;
    for (method, path) in [(Method::POST, "/v1/aliases/docs/switch"), (Method::PUT, "/v1/aliases/docs")] {
        let (status, refused) = house.call(method, path, &json!({"collection": "docs_v1", "force": true})).await;
        problem(status, &refused, 2);
    }
    assert_eq!(house.target().await, "docs_v2");
    let back = json!({"collection": "docs_v1", "accept_lost_writes": true, "retire_old": "1s"});
    let (status, moved) = house.post("/v1/aliases/docs/switch", &back).await;
    assert_eq!((status, &moved["lost_writes"]["acknowledged"]), (StatusCode::OK, &json!(2)), "{moved:#}");
    assert_eq!((&moved["retirement"], warnings(&moved).contains("not retired")), (&Value::Null, true), "{moved:#}");
}

/// The writes that the promotion left behind are still missing in the new collection after the way back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_new_collection_lacked_it_lacks_after_the_way_back() {
    let house = House::new("").await;
    let path = begun(&house, &json!({"watch": "10m"})).await;
    house.write("docs", 3).await;
    house.post(&format!("{path}/promote"), &json!({"accept_lost_writes": true})).await;
    house.until(&path, "in its watch", |canary| canary["state"] == "watching").await;
    let (status, aborted) = house.post(&format!("{path}/abort"), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{aborted:#}");
    house.until(&path, "aborted", |canary| canary["state"] == "aborted").await;
    let (status, refused) = house.post("/v1/aliases/docs/switch", &json!({"collection": "docs_v2"})).await;
    problem(status, &refused, 3);
    assert_eq!(house.target().await, "docs_v1");
}

/// One that others moved on from is not protected from its own operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_during_a_canary_counts_from_the_canary() {
    let house = House::new("").await;
    begun(&house, &json!({})).await;
    house.write("docs", 2).await;
    let forced = json!({"collection": "docs_v2", "force": true});
    let (status, refused) = house.post("/v1/aliases/docs/switch", &forced).await;
    problem(status, &refused, 2);
    let accepted = json!({"collection": "docs_v2", "force": true, "accept_lost_writes": true});
    let (status, moved) = house.post("/v1/aliases/docs/switch", &accepted).await;
    assert_eq!((status, house.target().await.as_str()), (StatusCode::OK, "docs_v2"), "{moved:#}");
}
