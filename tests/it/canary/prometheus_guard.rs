//! Guards that ask a Prometheus: one that speaks its query API and says what the test wants, and the real one where it is
//! installed.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{House, endless, way_back};
use crate::house::PATIENCE;

/// What it answers, and what it was asked last.
#[derive(Clone)]
struct Oracle {
    url: String,
    says: Arc<Mutex<Value>>,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Clone, Default)]
struct Asked {
    query: String,
    authorization: String,
}

impl Oracle {
    async fn new(says: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let oracle = Self { url, says: Arc::new(Mutex::new(says)), asked: Arc::default() };
        let router = Router::new().route("/api/v1/query", post(answer)).with_state(oracle.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        oracle
    }

    fn say(&self, answer: Value) {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    fn asked(&self) -> Asked {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(oracle): State<Oracle>, headers: HeaderMap, Form(form): Form<Vec<(String, String)>>) -> (StatusCode, Json<Value>) {
    let query = form.into_iter().find(|(key, _)| key == "query").map(|(_, query)| query).unwrap_or_default();
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    *oracle.asked.lock().unwrap_or_else(PoisonError::into_inner) = Asked { query, authorization };
    let says = oracle.says.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let status = if says["status"] == "error" { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    (status, Json(says))
}

fn vector(values: &[&str]) -> Value {
    let result: Vec<Value> = values.iter().map(|value| json!({"metric": {}, "value": [1.0, value]})).collect();
    json!({"status": "success", "data": {"resultType": "vector", "result": result}})
}

async fn until(house: &House, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    house.until_seen(id, what, wanted, async || drop(house.ask_everybody().await)).await
}

/// Of the only guard.
fn verdict(canary: &Value) -> (&str, &str) {
    let found = &canary["verdicts"][0];
    (found["verdict"].as_str().unwrap_or_default(), found["reason"].as_str().unwrap_or_default())
}

fn guard() -> Value {
    json!({"kind": "prometheus", "query": "clicks{alias=\"{{alias}}\", collection=\"{{collection}}\"}", "min": 0.5, "looks": 2})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_out_of_bounds_rolls_back_and_one_within_goes_on() {
    let oracle = Oracle::new(vector(&["0.25"])).await;
    let house = House::new(&format!("prometheus: {{url: \"{}\", token: \"sesame\"}}", oracle.url)).await;
    let id = house.begin(json!({"guards": [guard()], "stages": endless()})).await;
    let back = way_back(&house.until(&id, &["rolled_back"]).await);
    assert!(back["reason"].as_str().is_some_and(|reason| reason.contains("0.25, below 0.5, at 2 looks in a row")), "{back}");
    let asked = oracle.asked();
    assert_eq!(asked.query, r#"clicks{alias="docs", collection="docs_v2"}"#);
    assert_eq!(asked.authorization, "Bearer sesame");
    oracle.say(vector(&["0.75"]));
    let id = house.begin(json!({"guards": [guard()]})).await;
    house.until(&id, &["completed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_no_value_neither_passes_nor_fails() {
    let oracle = Oracle::new(vector(&[])).await;
    let house = House::new(&format!("prometheus: {{url: \"{}\"}}", oracle.url)).await;
    let id = house.begin(json!({"guards": [guard()]})).await;
    for (says, reason) in [
        (vector(&[]), "no data"),
        (vector(&["NaN"]), "NaN"),
        (vector(&["1", "1"]), "2 series"),
        (json!({"status": "error", "errorType": "bad_data", "error": "parse error at char 3"}), "parse error at char 3"),
        (json!("nonsense"), "no answer"),
    ] {
        oracle.say(says);
        until(&house, &id, reason, |canary| canary["paused_because"] == "inconclusive" && verdict(canary).1.contains(reason)).await;
    }
    oracle.say(vector(&["0.75"]));
    house.until(&id, &["completed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prometheus_that_is_away_holds() {
    // Nothing can listen on port 1 here; a port that was free a moment ago may be somebody else's by now.
    let house = House::new("prometheus: {url: \"http://127.0.0.1:1\"}").await;
    let id = house.begin(json!({"guards": [guard()]})).await;
    let held = until(&house, &id, "a hold", |canary| canary["paused_because"] == "inconclusive").await;
    assert!(verdict(&held).1.contains("could not be asked"), "{held:#}");
    // A reload brings another one.
    let oracle = Oracle::new(vector(&["0.75"])).await;
    house.pointsman.configure(&house.upstream, &format!("prometheus: {{url: \"{}\"}}", oracle.url));
    house.until(&id, &["completed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_nobody_could_answer_is_refused() {
    let house = House::new("").await;
    assert_eq!(house.refused(json!({"guards": [guard()]})).await, "guards[0]");
}

/// The real one, where its binary is installed: what it answers to `vector(0.25)` and what it says of a broken query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_prometheus_is_understood() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("prometheus.yml"), "{}").expect("the folder can be written");
    // It cannot be asked for a free port and say which: one that was free a moment ago has to do.
    let address = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it was bound");
    let mut command = tokio::process::Command::new("prometheus");
    command.arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()));
    command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
    command.arg(format!("--web.listen-address={address}"));
    let Ok(_prometheus) = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn() else {
        return;
    };
    let http = reqwest::Client::new();
    let ready = async {
        while !http.get(format!("http://{address}/-/ready")).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("it starts");
    let house = House::new(&format!("prometheus: {{url: \"http://{address}\"}}")).await;
    let asks = |query: &str| json!([{"kind": "prometheus", "query": query, "min": 0.5}]);
    let long = |query: &str| json!({"guards": asks(query), "stages": endless()});
    for (query, reason) in [("absent_metric{a=\"{{alias}}\"}", "no data"), ("sum(", "parse error"), ("vector(0) / 0", "NaN")] {
        let id = house.begin(long(query)).await;
        until(&house, &id, reason, |canary| verdict(canary).0 == "inconclusive" && verdict(canary).1.contains(reason)).await;
        house.command(&id, "abort").await;
        house.until(&id, &["aborted"]).await;
    }
    let id = house.begin(long("vector(0.25)")).await;
    house.until(&id, &["rolled_back"]).await;
    let id = house.begin(json!({"guards": asks("scalar(vector(0.75))")})).await;
    house.until(&id, &["completed"]).await;
}
