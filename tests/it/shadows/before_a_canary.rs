//! A canary that compares before it serves.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, SEED, Vector, measured, vectors};
use crate::house::send;

/// A comparison of a second, then a stage of half the units; content with little, and with any latency.
async fn begin(house: &House, changes: Value) -> String {
    begin_to(house, "docs_v2", changes).await
}

async fn begin_to(house: &House, collection: &str, changes: Value) -> String {
    let mut shadow = json!({"duration": "1s", "minimum_comparisons": 60, "maximum_emptied_rate": 0.2, "maximum_error_rate": 0.2});
    for (field, value) in changes.as_object().expect("an object") {
        shadow[field] = value.clone();
    }
    let spec = json!({
        "alias": "docs", "collection": collection, "shadow": shadow,
        "stages": [{"percentage": 50, "duration": "1s"}, {"percentage": 100, "duration": "0s"}],
        "check_interval": "1s", "warm_up": "0s", "watch": "1s", "minimum_requests": 20, "minimum_units": 0,
        "guards": [{"kind": "error_rate", "max": 0.5}],
    });
    let (status, made) = house.call(Method::POST, "/v1/canaries", &spec).await;
    assert_eq!(status, StatusCode::CREATED, "{made:#}");
    made["id"].as_str().expect("it has an id").to_owned()
}

/// Keeps asking until the canary is as wanted.
async fn until(house: &House, id: &str, queries: &[Vector], what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let reached = async {
        loop {
            let canary = house.look(&format!("/v1/canaries/{id}")).await;
            if wanted(&canary) {
                return canary;
            }
            house.ask(queries).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE * 2, reached).await.unwrap_or_else(|_| panic!("it never became {what}"))
}

fn is(state: &'static str) -> impl Fn(&Value) -> bool {
    move |canary| canary["state"] == state
}

fn states(canary: &Value) -> Vec<&str> {
    let history = &canary["history"];
    let steps = ["first", "last"].into_iter().flat_map(|part| history[part].as_array().into_iter().flatten());
    steps.filter_map(|step| step["to"]["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identical_collection_passes_and_then_serves() {
    let house = House::new("").await;
    let queries = vectors(SEED + 2, 60);
    // The state has to be seen while nobody asks.
    let shadow = json!({"duration": "5s", "minimum_overlap": 0.8, "maximum_excess": 0.2, "noise_percentage": 100});
    let id = begin(&house, shadow).await;
    let shadowing = until(&house, &id, &[], "shadowing", is("shadowing")).await;
    assert_eq!((&shadowing["current_percentage"], &shadowing["shadow"]["under_way"]), (&json!(0.0), &json!(true)), "{shadowing:#}");
    let ended = until(&house, &id, &queries, "completed", is("completed")).await;
    let expected = ["scheduled", "initializing", "shadowing", "stepping"];
    let mut went = states(&ended);
    went.retain(|state| *state != "paused");
    went.dedup();
    assert_eq!(went[..4], expected, "{ended:#}");
    let shadow = &ended["shadow"];
    assert!(shadow["compared"].as_u64() >= Some(60) && shadow["overlap"] == 1.0 && shadow["under_way"] == false, "{shadow:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_fails_or_has_nothing_never_serves_anybody() {
    let queries = vectors(SEED + 2, 60);
    for emptied in [false, true] {
        let house = House::new("").await;
        let id = begin(&house, json!({"duration": "10m"})).await;
        until(&house, &id, &[], "shadowing", is("shadowing")).await;
        if emptied {
            let url = format!("{}/collections/docs_v2/points/delete?wait=true", house.upstream.rest);
            send(&house.pointsman.http, Method::POST, &url, &json!({"filter": {}})).await;
        } else {
            let fault = serde_json::from_value(json!({"errors": [{"status": 503, "share": 1.0}]})).expect("a fault");
            house.upstream.engine().faults.set("docs_v2", fault).expect("a valid fault");
        }
        let ended = until(&house, &id, &queries, "rolled back", is("rolled_back")).await;
        assert_eq!(states(&ended), ["scheduled", "initializing", "shadowing", "rolling_back", "rolled_back"], "{ended:#}");
        let reason = ended["history"]["first"][3]["reason"].as_str().expect("it says why");
        let limit = if emptied { "maximum_emptied_rate" } else { "maximum_error_rate" };
        assert!(reason.contains(limit), "{reason}");
    }
}

/// Whoever asks why it was taken back finds the answers that differ, as long as the canary is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_broke_a_limit_can_be_looked_at_afterwards() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    let queries = vectors(SEED + 2, 60);
    let id = begin_to(&house, "docs_v3", json!({"duration": "10m", "minimum_overlap": 0.95, "noise_percentage": 0})).await;
    let path = format!("/v1/canaries/{id}/comparison");
    until(&house, &id, &queries, "rolled back", is("rolled_back")).await;
    house.written_down().await;
    let (expected, _) = house.expected("docs_v1", "docs_v3", &queries).await;
    for round in ["here", "after a restart"] {
        let found = house.look(&path).await;
        // Not every question was asked equally often when it was over.
        assert!((measured(&found, "overlap") - expected).abs() < 0.1, "{round}: {expected} and {found:#}");
        let worst = found["worst"].as_array().expect("a list");
        assert!(worst.len() == 20 && worst[0]["reference"] != worst[0]["candidate"], "{round}: {worst:#?}");
        house.kill(&store).await;
    }
    let (status, problem) = house.call(Method::GET, "/v1/canaries/canary_nobody/comparison", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem:#}");
    let spec = json!({"alias": "docs", "collection": "docs_v2"});
    let (_, plain) = house.call(Method::POST, "/v1/canaries", &spec).await;
    let path = format!("/v1/canaries/{}/comparison", plain["id"].as_str().expect("it has an id"));
    let (status, problem) = house.call(Method::GET, &path, &Value::Null).await;
    assert!(
        status == StatusCode::NOT_FOUND && problem["detail"].as_str().is_some_and(|why| why.contains("compared nothing")),
        "{problem:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_compares_it_goes_on_comparing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    let queries = vectors(SEED + 2, 60);
    let id = begin(&house, json!({"duration": "3s", "minimum_comparisons": 240})).await;
    let path = format!("/v1/canaries/{id}");
    // Without data it is held in the comparison when its time is over.
    house.until(&path, "comparing", |canary| canary["state"] == "shadowing" || canary["state"] == "paused").await;
    // Far too few to pass, and all of them have room in the mirror's queue.
    house.ask(&queries).await;
    house.until(&path, "at work", |canary| canary["shadow"]["compared"].as_u64() >= Some(60)).await;
    house.written_down().await;
    house.kill(&store).await;
    let after = house.look(&path).await;
    assert!(after["state"] == "shadowing" || after["paused_because"] == "no_data", "{after:#}");
    let seen = house.until(&path, "looked at", |canary| canary["shadow"]["compared"].as_u64() >= Some(60)).await;
    assert_eq!(seen["current_percentage"], 0.0, "{seen:#}");
    let ended = until(&house, &id, &queries, "completed", is("completed")).await;
    assert!(ended["shadow"]["compared"].as_u64() >= Some(240), "{ended:#}");
}
