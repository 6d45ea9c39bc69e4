//! Collections that refuse what others serve: a 4xx may be the client's fault or the collection's, and only the other cohort
//! tells.

use serde_json::{Value, json};

use super::{House, UNITS, endless, reason_of, way_back};

/// What cannot be asked of stable: here nothing can.
const NO_FALLBACK: &str = "fallback: {enabled: false}";

/// As the default list has them, less the latencies: a busy machine's say nothing about the code under test.
fn guards() -> Value {
    json!([{"kind": "error_rate", "max": 0.05, "margin": 0.01}, {"kind": "client_errors"}])
}

fn refusing(status: u16, share: f64) -> Value {
    json!({"errors": [{"status": status, "share": share}]})
}

/// Its way back, after everything that users asked.
async fn rolled_back(house: &House, status: u16, share: f64) -> Value {
    let id = house.begin(json!({"guards": guards(), "stages": endless()})).await;
    house.until(&id, &["stepping"]).await;
    house.fault("docs_v2", refusing(status, share));
    let asking = async || drop(house.ask_all_statuses().await);
    let ended = house.until_seen(&id, "rolled back", |canary| canary["state"] == "rolled_back", asking).await;
    assert_eq!(house.target().await, "docs_v1");
    house.ask_everybody().await;
    way_back(&ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_refuses_everything_is_rolled_back_whatever_the_status() {
    for (status, said) in [(400, "400 or another 4xx"), (403, "401 or 403"), (404, "404")] {
        let house = House::new(NO_FALLBACK).await;
        let back = rolled_back(&house, status, 1.0).await;
        let reason = back["reason"].as_str().expect("it says why");
        assert!(reason.starts_with("`client_errors` fails") && reason.contains(said), "{status}: {reason}");
        assert_eq!(back["evidence"]["canary"]["error_rate"].as_f64().unwrap_or_default(), 0.0, "a refusal is no failure by itself");
        assert!(back["evidence"]["canary"]["client_errors"].as_u64() > Some(0), "{back}");
        assert_eq!(back["evidence"]["control"]["client_errors"], 0, "{back}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_refuses_a_part_is_rolled_back() {
    let house = House::new(NO_FALLBACK).await;
    let back = rolled_back(&house, 400, 0.3).await;
    assert!(back["reason"].as_str().is_some_and(|reason| reason.starts_with("`client_errors` fails")), "{back}");
}

/// With the fallback stable is asked what the candidate refuses, and so it is known whose fault it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stable_serves_in_its_place_is_the_candidates_failure() {
    let house = House::new("").await;
    let back = rolled_back(&house, 400, 1.0).await;
    assert!(back["reason"].as_str().is_some_and(|reason| reason.starts_with("`error_rate` fails")), "{back}");
    assert!(back["evidence"]["canary"]["error_rate"].as_f64() > Some(0.0), "{back}");
    assert_eq!(back["evidence"]["control"]["error_rate"], 0.0, "{back}");
}

/// A key that may not read, say: of both alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_collections_refuse_is_not_held_against_the_canary_and_it_says_what_it_waits_for() {
    let house = House::new(NO_FALLBACK).await;
    let id = house.begin(json!({"guards": guards()})).await;
    house.until_paused(&id, "no_data").await;
    for name in ["docs", "docs_v1", "docs_v2"] {
        house.fault(name, refusing(403, 1.0));
    }
    let asking = async || {
        assert_eq!(house.ask_all_statuses().await.get(&403), Some(&UNITS));
    };
    let over = |canary: &Value| canary["state"] != "paused" || reason_of(canary, "error_rate").contains("refused with 401 or 403");
    let held = house.until_seen(&id, "told of refusals", over, asking).await;
    assert_eq!(held["paused_because"], "no_data", "{held:#}");
    assert_eq!(held["canary"]["client_error_statuses"], "401 or 403", "{held:#}");
    assert_eq!(house.target().await, "docs_v1");
}
