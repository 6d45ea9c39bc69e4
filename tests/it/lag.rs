//! What one replica has answered is there on the other at once: nothing is refused, or said to be missing, because a notification
//! is still under way.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, collection};
use crate::postgres::Cluster;

/// Enough for the lag to show where nothing is done about it: about a third of such calls came too early.
const ROUNDS: usize = 20;

/// Two replicas on one database; calls alternate between them.
struct Pair {
    _upstream: Upstream,
    replicas: [Pointsman; 2],
}

impl Pair {
    async fn new() -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2", "docs_v3"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let store = format!("store: {{url: \"{}\"}}", Cluster::shared().database());
        let replicas = [Pointsman::start(&upstream, &store).await, Pointsman::start(&upstream, &store).await];
        Self { _upstream: upstream, replicas }
    }

    async fn call(&self, replica: usize, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let pointsman = &self.replicas[replica % 2];
        let request = pointsman.http.request(method, pointsman.admin(path)).header("if-match", "*");
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") })
    }

    async fn create(&self, replica: usize, path: &str, body: &Value) -> String {
        let pointsman = &self.replicas[replica % 2];
        let answer = pointsman.http.post(pointsman.admin(path)).json(body).send().await.expect("an answer");
        let status = answer.status();
        let made: Value = answer.json().await.expect("JSON");
        assert_eq!(status, StatusCode::CREATED, "{made}");
        format!("{path}/{}", made["id"].as_str().expect("it has an id"))
    }
}

fn experiment() -> Value {
    json!({"name": "test", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_there_is_changed_through_any_replica() {
    let pair = Pair::new().await;
    pair.replicas[0].split("docs", "docs_v2", 99, 1).await;
    for round in 0..ROUNDS {
        let weights = json!({"weights": {"stable": 99 - round, "candidate": round + 1}});
        let (status, changed) = pair.call(round + 1, Method::PATCH, "/v1/routes/docs/weights", &weights).await;
        assert_eq!(status, StatusCode::OK, "round {round}: {changed}");
    }
}

/// Both at once: each change is made after the other, and none is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_whatever_is_there_that_meet_are_all_made() {
    let pair = Pair::new().await;
    pair.replicas[0].split("docs", "docs_v2", 99, 1).await;
    for round in 0..ROUNDS {
        let weights = |share: usize| json!({"weights": {"stable": 1000 - share, "candidate": share}});
        let (mine, theirs) = (weights(2 * round), weights(2 * round + 1));
        let calls = [(0, &mine), (1, &theirs)].map(|(replica, body)| pair.call(replica, Method::PATCH, "/v1/routes/docs/weights", body));
        for (status, changed) in futures_util::future::join_all(calls).await {
            assert_eq!(status, StatusCode::OK, "round {round}: {changed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_has_created_the_other_shows_and_ends() {
    let pair = Pair::new().await;
    // It waits for its time, so that the alias is free as soon as it is aborted.
    let canary = json!({"alias": "docs", "collection": "docs_v2", "start_at": "2100-01-01T00:00:00Z"});
    let shadow = json!({"alias": "docs", "collection": "docs_v2"});
    let retirement = json!({"collection": "docs_v3", "grace": "24h"});
    let kinds = [
        ("/v1/canaries", canary, "abort"),
        ("/v1/experiments", experiment(), "stop"),
        ("/v1/shadows", shadow, "stop"),
        ("/v1/retirements", retirement, "cancel"),
    ];
    for round in 0..ROUNDS / 2 {
        for (path, spec, end) in &kinds {
            let made = pair.create(round, path, spec).await;
            let (status, shown) = pair.call(round + 1, Method::GET, &made, &Value::Null).await;
            assert_eq!(status, StatusCode::OK, "round {round}, {path}: {shown}");
            let (status, ended) = pair.call(round + 1, Method::POST, &format!("{made}/{end}"), &json!({})).await;
            assert_eq!(status, StatusCode::OK, "round {round}, {path}: {ended}");
        }
    }
}

/// The other replica hears of the experiment by the assignment in one round, by the report in the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_are_assigned_and_values_reported_at_any_replica() {
    let pair = Pair::new().await;
    for round in 0..ROUNDS {
        let (here, there) = (round / 2, round / 2 + 1);
        let made = pair.create(here, "/v1/experiments", &experiment()).await;
        let assigns = if round % 2 == 0 { there } else { here };
        let (status, assigned) = pair.call(assigns, Method::POST, &format!("{made}/assignment"), &json!({"unit": "u1"})).await;
        assert!(status == StatusCode::OK && assigned["token"].is_string(), "round {round}: {status} {assigned}");
        let click = json!({"token": assigned["token"], "metric": "click", "value": 1});
        let (status, taken) = pair.call(there, Method::POST, "/v1/feedback", &click).await;
        assert_eq!((status, &taken["accepted"]), (StatusCode::OK, &json!(1)), "round {round}: {taken}");
        let (status, ended) = pair.call(there, Method::POST, &format!("{made}/stop"), &json!({})).await;
        assert_eq!(status, StatusCode::OK, "round {round}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_tokens_is_replaced_through_any_replica() {
    let pair = Pair::new().await;
    for round in 0..ROUNDS {
        let (status, rotated) = pair.call(round, Method::POST, "/v1/token-key/rotate", &json!({"overlap": "0s"})).await;
        assert_eq!(status, StatusCode::OK, "round {round}: {rotated}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kill_switch_is_turned_through_any_replica_while_a_canary_moves() {
    let pair = Pair::new().await;
    let canary = json!({"alias": "docs", "collection": "docs_v2", "check_interval": "1s", "warm_up": "0s",
        "stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}]});
    let path = pair.create(0, "/v1/canaries", &canary).await;
    for round in 0..ROUNDS {
        let (status, turned) = pair.call(round, Method::PUT, "/v1/kill-switch", &json!({"on": round % 2 == 0})).await;
        assert_eq!(status, StatusCode::OK, "round {round}: {turned}");
    }
    let (status, aborted) = pair.call(1, Method::POST, &format!("{path}/abort"), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{aborted}");
}

/// It does not exist: the second look finds nothing either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_nowhere_is_not_there() {
    let pair = Pair::new().await;
    for path in ["/v1/canaries/canary_x", "/v1/experiments/exp_x", "/v1/shadows/shadow_x", "/v1/deployments/dep_x", "/v1/routes/docs"] {
        let (status, problem) = pair.call(0, Method::GET, path, &Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {problem}");
    }
}
