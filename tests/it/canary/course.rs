//! Canaries from their creation to their end.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{House, UNITS, pause, states};
use crate::house::{PATIENCE, Pointsman, get, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_canary_moves_the_alias_and_nobody_flips() {
    let house = House::new("").await;
    let created = house.canary(json!({})).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    assert!(id.starts_with("canary_"), "{id}");
    house.until(&id, &["stepping", "promoting", "watching", "completed"]).await;
    let first = house.ask_everybody().await;
    let moved = first.values().filter(|from| *from == "docs_v2").count();
    assert!((UNITS / 3..=UNITS).contains(&moved), "{moved} of {UNITS} units at 50 %");
    let ended = house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
    for (unit, from) in house.ask_everybody().await {
        assert_eq!(from, "docs_v2", "unit {unit} was left behind");
    }
    let states = states(&ended);
    for state in ["scheduled", "initializing", "stepping", "promoting", "watching", "completed"] {
        assert!(states.iter().any(|seen| seen == state), "{states:?}");
    }
    let again = house.pointsman.http.post(house.pointsman.admin(&format!("/v1/canaries/{id}/abort"))).send().await.expect("an answer");
    assert_eq!(again.status(), 409, "terminal states are final");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_canary_rolls_back_and_users_see_nothing() {
    let house = House::new("").await;
    let created = house.canary(json!({"stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}]})).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    house.until(&id, &["stepping"]).await;
    let fault = serde_json::from_value(json!({"errors": [{"status": 500, "share": 1.0}]})).expect("a fault");
    house.upstream.engine().faults.set("docs_v2", fault).expect("a valid fault");
    let ended = house.until(&id, &["rolled_back"]).await;
    assert_eq!(house.target().await, "docs_v1");
    assert!(house.ask_everybody().await.values().all(|from| from == "docs_v1"));
    let rolling = ended["history"]["first"].as_array().expect("a list").iter().find(|step| step["to"]["name"] == "rolling_back");
    let rolling = rolling.expect("it went back");
    assert!(rolling["reason"].as_str().is_some_and(|reason| reason.contains("error_rate")), "{rolling}");
    assert!(rolling["evidence"]["canary"]["error_rate"].as_f64().is_some_and(|rate| rate > 0.0), "{rolling}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pre_checks_refuse_with_their_reason() {
    let house = House::new("").await;
    let other = json!({"vectors": {"size": 3, "distance": "Dot"}});
    send(&house.pointsman.http, Method::PUT, &format!("{}/collections/wide", house.upstream.rest), &other).await;
    // Names that are not there are refused before anything is made; see the tests of names.
    for (changes, reason) in [(json!({"collection": "docs_v1"}), "already"), (json!({"collection": "wide"}), "empty")] {
        let created = house.canary(changes).await;
        let ended = house.until(created["id"].as_str().expect("it has an id"), &["failed"]).await;
        let last = ended["history"]["first"].as_array().and_then(|history| history.last()).cloned().unwrap_or_default();
        assert!(last["reason"].as_str().is_some_and(|said| said.contains(reason)), "{reason}: {last}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_thing_at_a_time_runs_on_an_alias() {
    let house = House::new("").await;
    let long = json!({"stages": [{"percentage": 1, "duration": "10m"}, {"percentage": 100, "duration": "0s"}]});
    let created = house.canary(long.clone()).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    let spec = json!({"alias": "docs", "collection": "docs_v2"});
    let second = house.pointsman.http.post(house.pointsman.admin("/v1/canaries")).json(&spec).send().await.expect("an answer");
    assert_eq!(second.status(), 409);
    let route = json!({"variants": [{"name": "stable", "weight": 1}, {"name": "b", "collection": "docs_v2", "weight": 1}]});
    let routed = house.pointsman.http.put(house.pointsman.admin("/v1/routes/docs")).json(&route).send().await.expect("an answer");
    assert_eq!(routed.status(), 409);
    let abort = house.pointsman.admin(&format!("/v1/canaries/{id}/abort"));
    let aborted = send(&house.pointsman.http, Method::POST, &abort, &json!({"reason": "enough"})).await;
    assert!(["rolling_back", "aborted"].contains(&aborted["state"].as_str().unwrap_or_default()), "{aborted:#}");
    house.until(&id, &["aborted"]).await;
    house.canary(long).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: \"{}\"}}", folder.path().join("pointsman.db").display());
    let mut house = House::new(&store).await;
    let created = house.canary(json!({"stages": [{"percentage": 50, "duration": "3s"}, {"percentage": 100, "duration": "0s"}]})).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    // Nobody asks: a round of everybody may take longer than the stage.
    house.until_seen(&id, "in its stage", |canary| canary["state"] == "stepping", pause).await;
    let before = house.ask_everybody().await;
    house.pointsman.child.kill().await.expect("it is ours");
    house.pointsman = Pointsman::start(&house.upstream, &store).await;
    let after = house.ask_everybody().await;
    for (unit, from) in &before {
        assert!(from == "docs_v1" || after[unit] == "docs_v2", "unit {unit} flipped back over a restart");
    }
    house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kill_switch_puts_everybody_on_stable() {
    let house = House::new("").await;
    let created = house.canary(json!({"stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}]})).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    house.until(&id, &["stepping"]).await;
    let switch = house.pointsman.admin("/v1/kill-switch");
    send(&house.pointsman.http, Method::PUT, &switch, &json!({"on": true, "reason": "an incident"})).await;
    assert!(house.ask_everybody().await.values().all(|from| from == "docs_v1"));
    assert_eq!(house.show(&id).await["paused_because"], "kill_switch");
    send(&house.pointsman.http, Method::PUT, &switch, &json!({"on": false})).await;
    assert!(house.ask_everybody().await.values().all(|from| from == "docs_v1"), "it went on by itself");
    let resume = house.pointsman.admin(&format!("/v1/canaries/{id}/resume"));
    send(&house.pointsman.http, Method::POST, &resume, &json!({})).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(house.ask_everybody().await.values().any(|from| from == "docs_v2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_idempotency_key_creates_one_canary() {
    let house = House::new("").await;
    let spec = json!({"alias": "docs", "collection": "docs_v2"});
    let create = async |spec: &Value| {
        let request = house.pointsman.http.post(house.pointsman.admin("/v1/canaries")).header("idempotency-key", "monday");
        let answer = request.json(spec).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (first, again) = (create(&spec).await, create(&spec).await);
    assert_eq!((first.0, again.0), (201, 201));
    assert_eq!(first.1["id"], again.1["id"]);
    let (status, problem) = create(&json!({"alias": "docs", "collection": "docs_v3"})).await;
    assert_eq!(status, 422, "another request with the same key: {problem}");
    let all = get(&house.pointsman.http, &house.pointsman.admin("/v1/canaries")).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_a_plan_are_named_by_field_and_stage() {
    let house = House::new("").await;
    let url = house.pointsman.admin("/v1/canaries");
    for (stages, field) in [
        (json!([]), "stages"),
        (json!([{"percentage": 150, "duration": "1s"}]), "stages[0].percentage"),
        (json!([{"percentage": 50, "duration": "1s"}, {"percentage": 20, "duration": "1s"}, {"percentage": 100}]), "stages[1].percentage"),
        (json!([{"percentage": 50, "duration": "1s"}]), "stages[0].percentage"),
    ] {
        let body = json!({"alias": "docs", "collection": "docs_v2", "stages": stages});
        let answer = house.pointsman.http.post(&url).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.expect("JSON");
        let fields: Vec<&str> = problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["field"].as_str()).collect();
        assert!(fields.iter().any(|found| found.starts_with(field)), "{field}: {problem}");
    }
    let unknown = house.pointsman.http.get(house.pointsman.admin("/v1/canaries/canary_none")).send().await.expect("an answer");
    assert_eq!(unknown.status(), 404);
    let guard = json!({"alias": "docs", "collection": "docs_v2", "guards": [{"kind": "prometheus", "query": "up", "max": 1}]});
    let refused = house.pointsman.http.post(&url).json(&guard).send().await.expect("an answer");
    assert_eq!(refused.status(), 422, "a guard nobody can judge would never pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_canary_has_replaced_is_deleted_after_its_grace() {
    let house = House::new("retirement: {quiet: 0s}").await;
    let created = house.canary(json!({"retire_old": "1s"})).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    house.until(&id, &["completed"]).await;
    let gone = async {
        loop {
            let listed = get(&house.pointsman.http, &house.pointsman.admin("/v1/retirements")).await;
            let retirement = listed["items"][0].clone();
            if retirement["state"] == "done" {
                return retirement;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let retirement = tokio::time::timeout(PATIENCE, gone).await.expect("it is deleted");
    assert_eq!(retirement["collection"], "docs_v1");
    assert_eq!(retirement["reason"], format!("the canary `{id}` was completed"));
    let old = house.pointsman.http.get(format!("{}/collections/docs_v1", house.upstream.rest)).send().await.expect("an answer");
    assert_eq!(old.status(), 404);
    house.ask_everybody().await;
}
