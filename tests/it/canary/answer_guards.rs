//! Guards over what answers have in them: the number of hits and the scores of the best, read on their way through both
//! protocols.

use qdrant_client::Qdrant;
use qdrant_client::qdrant::{Condition, Filter, QueryPointsBuilder};
use reqwest::Method;
use serde_json::{Value, json};

use super::{House, UNITS, endless, way_back};
use crate::house::{alias, client, send};

const LOOK_AT_ALL: &str = "answers: {sample: 1.0}";

/// A gRPC client of the same applications.
fn grpc(house: &House) -> Qdrant {
    client(&house.pointsman)
}

/// As many queries without a user; each counts as one.
async fn ask_grpc(grpc: &Qdrant, query: QueryPointsBuilder) {
    for unit in 0..UNITS {
        let user = grpc.with_header("x-user-id", format!("user-{unit}"));
        user.query(query.clone()).await.expect("a user saw a failure");
    }
}

fn rolled_back(canary: &Value) -> bool {
    canary["state"] == "rolled_back"
}

/// One query of a user, and its result.
async fn ask(house: &House, unit: usize, body: &Value) -> Value {
    let request = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query"));
    let answer = request.header("x-user-id", format!("user-{unit}")).json(body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "a user saw a failure");
    answer.json::<Value>().await.expect("JSON")["result"].take()
}

/// Every user asks the same.
async fn ask_all(house: &House, body: &Value) {
    for unit in 0..UNITS {
        ask(house, unit, body).await;
    }
}

fn query() -> Value {
    json!({"query": [1.0, 0.5], "limit": 2, "with_payload": true})
}

/// Finds something in the old collection only.
fn filtered() -> Value {
    json!({"query": [1.0, 0.5], "limit": 2, "filter": {"must": [{"key": "from", "match": {"value": "docs_v1"}}]}})
}

fn grpc_query() -> QueryPointsBuilder {
    QueryPointsBuilder::new("docs").query(vec![1.0, 0.5]).limit(2)
}

fn empty_results() -> Value {
    json!({"kind": "empty_results", "max": 0.2, "margin": 0.1})
}

fn top_score() -> Value {
    json!({"kind": "top_score", "min": 1.0, "margin": 0.5})
}

/// Makes every score of the new collection a tenth of what it was.
async fn make_scores_worse(house: &House) {
    let points: Vec<Value> = (1..=5).map(|id| json!({"id": id, "vector": [f64::from(id) / 10.0, 0.1]})).collect();
    let url = format!("{}/collections/docs_v2/points?wait=true", house.upstream.rest);
    send(&house.pointsman.http, Method::PUT, &url, &json!({"points": points})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_finds_nothing_is_rolled_back() {
    let house = House::new(LOOK_AT_ALL).await;
    let id = house.begin(json!({"guards": [empty_results()], "stages": endless()})).await;
    let ended = house.until_seen(&id, "rolled back", rolled_back, async || ask_all(&house, &filtered()).await).await;
    let back = way_back(&ended);
    assert!(back["reason"].as_str().is_some_and(|reason| reason.contains("empty results")), "{back}");
    assert_eq!((&back["evidence"]["canary"]["empty_rate"], &back["evidence"]["control"]["empty_rate"]), (&json!(1.0), &json!(0.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_grpc_too() {
    let house = House::new(LOOK_AT_ALL).await;
    let id = house.begin(json!({"guards": [empty_results()], "stages": endless()})).await;
    let grpc = grpc(&house);
    let filter = || Filter::must([Condition::matches("from", "docs_v1".to_owned())]);
    let ended = house.until_seen(&id, "rolled back", rolled_back, async || ask_grpc(&grpc, grpc_query().filter(filter())).await).await;
    assert_eq!(way_back(&ended)["evidence"]["canary"]["empty_rate"], 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_with_worse_scores_is_rolled_back() {
    let house = House::new(LOOK_AT_ALL).await;
    make_scores_worse(&house).await;
    let id = house.begin(json!({"guards": [top_score()], "stages": endless()})).await;
    let grpc = grpc(&house);
    let asking = async || {
        ask_all(&house, &query()).await;
        ask_grpc(&grpc, grpc_query()).await;
    };
    let back = way_back(&house.until_seen(&id, "rolled back", rolled_back, asking).await);
    assert!(back["reason"].as_str().is_some_and(|reason| reason.contains("top score")), "{back}");
    let score = |cohort: &str| back["evidence"][cohort]["avg_top_score"].as_f64().expect("scores were seen");
    assert!((score("canary") - 0.55).abs() < 1e-4 && (score("control") - 5.5).abs() < 1e-4, "{back}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_as_good_passes_and_its_answers_are_not_touched() {
    let house = House::new(LOOK_AT_ALL).await;
    let id = house.begin(json!({"guards": [empty_results(), top_score()]})).await;
    let direct = |name: &str| format!("{}/collections/{name}/points/query", house.upstream.rest);
    let mut whole = Vec::new();
    for name in ["docs_v1", "docs_v2"] {
        whole.push(send(&house.pointsman.http, Method::POST, &direct(name), &query()).await["result"].take());
    }
    let asking = async || {
        for unit in 0..UNITS {
            let answer = ask(&house, unit, &query()).await;
            assert!(whole.contains(&answer), "{answer} is from nowhere");
        }
    };
    let ended = house.until_seen(&id, "ended", |canary| canary["state"] == "completed" || rolled_back(canary), asking).await;
    assert_eq!(ended["state"], "completed", "{ended:#}");
    assert!(house.pointsman.events("answers_looked_at_total").await > 100);
    assert_eq!(house.pointsman.events("answers_unreadable_total").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_nobody_asks_about_are_not_looked_at() {
    let house = House::new(LOOK_AT_ALL).await;
    let id = house.begin(json!({})).await;
    house.until(&id, &["completed"]).await;
    assert_eq!(house.pointsman.events("answers_looked_at_total").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guards_that_could_not_be_judged_are_refused() {
    let house = House::new("answers: {sample: 0}").await;
    for guard in [empty_results(), top_score()] {
        assert_eq!(house.refused(json!({"guards": [guard]})).await, "guards[0]");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scores_of_which_less_is_better_fit_no_top_score() {
    let house = House::new(LOOK_AT_ALL).await;
    for name in ["near_v1", "near_v2"] {
        let url = format!("{}/collections/{name}", house.upstream.rest);
        send(&house.pointsman.http, Method::PUT, &url, &json!({"vectors": {"size": 2, "distance": "Euclid"}})).await;
        let points = json!({"points": [{"id": 1, "vector": [1, 1]}]});
        send(&house.pointsman.http, Method::PUT, &format!("{url}/points?wait=true"), &points).await;
    }
    alias(&house.upstream.rest, "near", "near_v1").await;
    let id = house.begin(json!({"alias": "near", "collection": "near_v2", "guards": [top_score()]})).await;
    let failed = house.until(&id, &["failed"]).await;
    let history = failed["history"]["first"].as_array().expect("a list");
    let reason = history.last().and_then(|last| last["reason"].as_str()).expect("it has a reason");
    assert!(reason.contains("top_score") && reason.contains("Euclid"), "{reason}");
}
