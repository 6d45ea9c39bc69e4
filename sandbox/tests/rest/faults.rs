//! Faults on demand and the log of what arrived.

use std::time::Duration;

use pointsman_sandbox::faults::{ConnectionFault, ErrorShare, Fault, Faults, Latency, SlowBody};
use pointsman_sandbox::requests::{Filter, Protocol};
use serde_json::{Value, json};

use crate::support::Server;

fn failing(status: u16, share: f64) -> Fault {
    Fault { errors: vec![ErrorShare { status, share, message: None, retry_after: None }], seed: Some(7), ..Fault::default() }
}

async fn two() -> Server {
    let server = Server::start().await;
    server.create("sick").await;
    server.create("well").await;
    server
}

#[tokio::test]
async fn a_fault_hurts_its_collection_through_an_alias_too_and_no_other() {
    let server = two().await;
    let alias = json!({"actions": [{"create_alias": {"alias_name": "al", "collection_name": "sick"}}]});
    server.ok("POST", "/collections/aliases", alias).await;
    let set = server.client.put(server.url("/sandbox/faults/sick"));
    let fault = json!({"errors": [{"status": 503, "share": 1.0, "message": "busy", "retry_after": 3}]});
    assert!(set.json(&fault).send().await.expect("an answer").status().is_success());
    for name in ["sick", "al"] {
        let (status, text) = server.fails("GET", &format!("/collections/{name}"), Value::Null).await;
        assert_eq!((status, text.as_str()), (503, "busy"));
    }
    server.get("/collections/well").await;
    server.get("/collections").await;
    let answer = server.client.get(server.url("/collections/al")).send().await.expect("an answer");
    assert_eq!(answer.headers()["retry-after"], "3");
    let ended = server.client.delete(server.url("/sandbox/faults/sick")).send().await.expect("an answer");
    assert_eq!(ended.json::<Value>().await.expect("JSON"), json!({"cleared": true}));
    server.get("/collections/sick").await;
}

#[tokio::test]
async fn a_share_of_errors_is_that_share() {
    let server = two().await;
    server.sandbox.faults.set("sick", failing(500, 0.3)).expect("a good fault");
    let mut failed = 0;
    for _ in 0..300 {
        let (status, _) = server.call("GET", "/collections/sick/exists", Value::Null).await;
        failed += u32::from(status == 500);
    }
    // Three standard deviations around 90.
    assert!((66..=114).contains(&failed), "{failed} of 300 failed");
}

#[test]
fn latencies_have_the_shape_they_are_named_for() {
    let cases = [
        (json!({"distribution": "fixed", "ms": 5.0}), 5.0..=5.0),
        (json!({"distribution": "uniform", "min_ms": 10.0, "max_ms": 20.0}), 14.7..=15.3),
        (json!({"distribution": "normal", "mean_ms": 30.0, "deviation_ms": 3.0}), 29.7..=30.3),
        (json!({"distribution": "lognormal", "median_ms": 8.0, "sigma": 1.0}), 7.2..=8.8),
    ];
    for (latency, median) in cases {
        let fault: Fault = serde_json::from_value(json!({"latency": latency, "seed": 11})).expect("a fault");
        let faults = Faults::default();
        faults.set("x", fault).expect("a good fault");
        let mut delays: Vec<f64> = (0..5000).map(|_| faults.plan(Some("x"), None).delay.as_secs_f64() * 1000.0).collect();
        delays.sort_by(f64::total_cmp);
        assert!(median.contains(&delays[2500]), "{latency}: {}", delays[2500]);
    }
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let draw = || {
        let faults = Faults::default();
        faults.set("x", failing(503, 0.5)).expect("a good fault");
        let draws = (0..64).map(|_| faults.plan(None, Some("x")).error.is_some());
        draws.collect::<Vec<_>>()
    };
    let first = draw();
    assert_eq!(first, draw());
    assert!(first.contains(&true) && first.contains(&false));
}

#[tokio::test]
async fn latency_is_added_before_the_answer() {
    let server = two().await;
    let slow = Fault { latency: Some(Latency::Fixed { ms: 50.0 }), ..Fault::default() };
    server.sandbox.faults.set("sick", slow).expect("a good fault");
    let began = std::time::Instant::now();
    server.get("/collections/sick").await;
    assert!(began.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_collection_reports_the_state_it_is_told_to() {
    let server = two().await;
    for state in ["yellow", "grey", "red"] {
        let fault: Fault = serde_json::from_value(json!({"status": state})).expect("a fault");
        server.sandbox.faults.set("sick", fault).expect("a good fault");
        let info = server.get("/collections/sick").await;
        assert_eq!(info["status"], state);
        assert_eq!(info["optimizer_status"] == "ok", state != "red");
    }
    assert_eq!(server.get("/collections/well").await["status"], "green");
}

#[tokio::test]
async fn connections_are_closed_reset_and_stalled() {
    let server = two().await;
    let cut = |how| Fault { connection: Some(how), ..Fault::default() };
    for how in [ConnectionFault::Close, ConnectionFault::Reset] {
        server.sandbox.faults.set("sick", cut(how)).expect("a good fault");
        let answer = server.client.get(server.url("/collections/sick")).send().await;
        assert!(answer.is_err(), "{how:?}: {answer:?}");
        // A body that nobody reads must not keep the connection open.
        let body = vec![b' '; 1024 * 1024];
        let answer = server.client.put(server.url("/collections/sick/points")).body(body).send().await;
        assert!(answer.is_err(), "{how:?}: {answer:?}");
    }
    server.sandbox.faults.set("sick", cut(ConnectionFault::Stall)).expect("a good fault");
    let stalled = server.client.get(server.url("/collections/sick")).send();
    let log = &server.sandbox.log;
    let seen = Filter { since: log.list(&Filter::default()).last().map(|last| last.seq), ..Filter::default() };
    tokio::select! {
        answer = stalled => panic!("a stalled request was answered: {answer:?}"),
        request = log.wait_for(&seen) => assert_eq!(request.status, None),
    }
    server.sandbox.faults.clear_all();
    server.sandbox.faults.set("*", cut(ConnectionFault::Reset)).expect("a good fault");
    let fresh = reqwest::Client::new().get(server.url("/healthz")).send().await;
    assert!(fresh.is_err());
}

#[tokio::test]
async fn a_slow_body_is_whole_all_the_same() {
    let server = two().await;
    let slow = Fault { slow_body: Some(SlowBody { chunk_bytes: 7, delay_ms: 0 }), ..Fault::default() };
    server.sandbox.faults.set("sick", slow).expect("a good fault");
    assert_eq!(server.get("/collections/sick").await["points_count"], 0);
}

#[tokio::test]
async fn bad_faults_are_refused_with_the_reason() {
    let server = Server::start().await;
    let cases = [
        (json!({"errors": [{"status": 200, "share": 0.1}]}), "errors.status"),
        (json!({"errors": [{"status": 500, "share": 1.5}]}), "errors.share"),
        (json!({"errors": [{"status": 500, "share": 0.6}, {"status": 503, "share": 0.6}]}), "add up to"),
        (json!({"latency": {"distribution": "uniform", "min_ms": 5, "max_ms": 1}}), "latency"),
        (json!({"slow_body": {"chunk_bytes": 0, "delay_ms": 1}}), "chunk_bytes"),
        (json!({"latencies": 1}), "unknown field"),
    ];
    for (fault, reason) in cases {
        let answer = server.client.put(server.url("/sandbox/faults/x")).json(&fault).send().await.expect("an answer");
        assert_eq!(answer.status(), 400);
        let text = answer.text().await.expect("a body");
        assert!(text.contains(reason), "{text}");
    }
}

#[tokio::test]
async fn the_log_shows_names_headers_and_outcome_but_no_keys() {
    let server = two().await;
    let alias = json!({"actions": [{"create_alias": {"alias_name": "al", "collection_name": "sick"}}]});
    server.ok("POST", "/collections/aliases", alias).await;
    let request = server.client.get(server.url("//collections/al/?x=1")).header("x-user-id", "42").header("api-key", "secret");
    request.send().await.expect("an answer");
    let filter = Filter { collection: Some("sick".to_owned()), operation: Some("GET".to_owned()), ..Filter::default() };
    let found = server.sandbox.log.list(&filter);
    assert_eq!(found.len(), 1);
    let seen = &found[0];
    assert_eq!(seen.protocol, Protocol::Rest);
    assert_eq!(seen.operation, "GET /collections/{name}");
    assert_eq!(seen.collection.as_deref(), Some("al"));
    assert_eq!(seen.resolved.as_deref(), Some("sick"));
    assert_eq!(seen.status, Some(200));
    assert_eq!(seen.headers["x-user-id"], "42");
    assert!(!seen.headers.contains_key("api-key"));

    let url = server.url("/sandbox/requests/count?collection=sick&protocol=rest");
    let count: Value = server.client.get(url).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(count, json!({"count": 2}), "made, then read");
    server.client.delete(server.url("/sandbox/requests")).send().await.expect("an answer");
    assert_eq!(server.sandbox.log.count(&Filter::default()), 0);
}
