//! Away from a collection that fails: no way out asks the failed collection first, and force means force.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};

/// How a collection may fail on every request.
fn failures() -> [(&'static str, Value); 4] {
    [
        ("answers 500", json!({"errors": [{"status": 500, "share": 1.0}]})),
        ("answers 403", json!({"errors": [{"status": 403, "share": 1.0}]})),
        ("closes the connection", json!({"connection": "close"})),
        ("never answers", json!({"connection": "stall"})),
    ]
}

/// `docs` points at `docs_v1`; `docs_v2` is there as well.
struct House {
    upstream: Upstream,
    pointsman: Pointsman,
}

impl House {
    async fn new() -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, "").await;
        Self { upstream, pointsman }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.request(method, self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// Creates something and gives its path.
    async fn begin(&self, path: &str, spec: &Value) -> String {
        let made = send(&self.pointsman.http, Method::POST, &self.pointsman.admin(path), spec).await;
        format!("{path}/{}", made["id"].as_str().expect("it has an id"))
    }

    async fn command(&self, path: &str, command: &str) -> Value {
        send(&self.pointsman.http, Method::POST, &self.pointsman.admin(&format!("{path}/{command}")), &json!({})).await
    }

    async fn until(&self, path: &str, states: &[&str]) -> Value {
        let reached = async {
            loop {
                let seen = get(&self.pointsman.http, &self.pointsman.admin(path)).await;
                if states.contains(&seen["state"].as_str().unwrap_or_default()) {
                    return seen;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(PATIENCE * 2, reached).await {
            Ok(seen) => seen,
            Err(_) => panic!("it never became {states:?}: {:#}", get(&self.pointsman.http, &self.pointsman.admin(path)).await),
        }
    }

    async fn target(&self) -> String {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        listed["result"]["aliases"][0]["collection_name"].as_str().expect("there is one alias").to_owned()
    }

    fn breaks(&self, name: &str, failure: &Value) {
        let fault = serde_json::from_value(failure.clone()).expect("a fault");
        self.upstream.engine().faults.set(name, fault).expect("a valid fault");
    }

    /// As it was before something failed.
    async fn mend(&self) {
        self.upstream.engine().faults.clear_all();
        alias(&self.upstream.rest, "docs", "docs_v1").await;
    }
}

fn canary(changes: Value) -> Value {
    let mut spec = json!({
        "alias": "docs", "collection": "docs_v2", "check_interval": "1s", "warm_up": "0s", "watch": "10m",
        "stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
    });
    let Value::Object(changes) = changes else { panic!("an object") };
    spec.as_object_mut().expect("an object").extend(changes);
    spec
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_is_forced_away_from_a_collection_that_cannot_be_read() {
    let house = House::new().await;
    for (how, failure) in failures() {
        for (method, path) in [(Method::POST, "/v1/aliases/docs/switch"), (Method::PUT, "/v1/aliases/docs")] {
            house.mend().await;
            house.breaks("docs_v1", &failure);
            let (status, moved) = house.call(method.clone(), path, &json!({"collection": "docs_v2", "force": true})).await;
            assert_eq!((status, house.target().await.as_str()), (StatusCode::OK, "docs_v2"), "{method} {path}, it {how}: {moved}");
            let warning = moved["warnings"][0].as_str().unwrap_or_default();
            assert!(warning.contains("`docs_v1` could not be read"), "it {how}: {moved}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_force_the_refusal_says_what_is_not_known_and_how_to_go_on() {
    let house = House::new().await;
    for (how, failure) in failures() {
        house.breaks("docs_v1", &failure);
        let (status, problem) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v2"})).await;
        assert_eq!((status, house.target().await.as_str()), (StatusCode::BAD_GATEWAY, "docs_v1"), "it {how}: {problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("`docs_v1` could not be read") && detail.contains("use force"), "it {how}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_leads_away_from_a_collection_that_cannot_be_read() {
    let house = House::new().await;
    for (how, failure) in failures() {
        house.breaks("docs_v1", &failure);
        let path = house.begin("/v1/canaries", &canary(json!({}))).await;
        let stepping = house.until(&path, &["stepping", "paused"]).await;
        let warned = |value: &Value| value.to_string().contains("`docs_v1` could not be read");
        assert!(warned(&stepping["warnings"]) && warned(&stepping["history"]), "it {how}: {stepping:#}");
        house.command(&path, "promote").await;
        house.until(&path, &["watching"]).await;
        assert_eq!(house.target().await, "docs_v2", "it {how}");
        // The canary goes back to where it came from, even to a broken collection: the operator asked for it.
        house.command(&path, "abort").await;
        house.until(&path, &["aborted"]).await;
        assert_eq!(house.target().await, "docs_v1", "it {how}");
        house.mend().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_goes_back_from_a_collection_that_cannot_be_read() {
    let house = House::new().await;
    for (how, failure) in failures() {
        let path = house.begin("/v1/canaries", &canary(json!({}))).await;
        house.until(&path, &["stepping", "paused"]).await;
        house.command(&path, "promote").await;
        house.until(&path, &["watching"]).await;
        house.breaks("docs_v2", &failure);
        house.command(&path, "abort").await;
        house.until(&path, &["aborted"]).await;
        assert_eq!(house.target().await, "docs_v1", "it {how}");
        house.mend().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_goes_back_from_a_collection_that_cannot_be_read() {
    let house = House::new().await;
    for (number, (how, failure)) in failures().into_iter().enumerate() {
        let made = format!("docs_{number}");
        let spec = json!({"alias": "docs", "source": "collection:docs_v1", "collection": made, "watch": "10m", "watch_every": "300ms", "guards": []});
        let path = house.begin("/v1/deployments", &spec).await;
        house.until(&path, &["watching"]).await;
        let moved = async {
            while house.target().await != made {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, moved).await.unwrap_or_else(|_| panic!("the alias never moved, it {how}"));
        house.breaks(&made, &failure);
        house.command(&path, "rollback").await;
        house.until(&path, &["rolled_back"]).await;
        assert_eq!(house.target().await, "docs_v1", "it {how}");
        house.mend().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_leads_away_from_a_collection_that_cannot_be_read() {
    let house = House::new().await;
    for (number, (how, failure)) in failures().into_iter().enumerate() {
        let made = format!("docs_{number}");
        house.breaks("docs_v1", &failure);
        let spec = json!({"alias": "docs", "source": "collection:docs_v2", "collection": made, "watch": "0s", "watch_every": "300ms", "guards": []});
        let path = house.begin("/v1/deployments", &spec).await;
        let ended = house.until(&path, &["completed", "failed", "rolled_back"]).await;
        assert_eq!((&ended["state"], house.target().await), (&json!("completed"), made), "it {how}: {ended:#}");
        assert!(ended["warnings"].to_string().contains("`docs_v1` could not be read"), "it {how}: {ended:#}");
        house.mend().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_stops_whatever_its_arms_are_like() {
    let house = House::new().await;
    for (how, failure) in failures() {
        let spec = json!({"name": "test", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}]});
        let path = house.begin("/v1/experiments", &spec).await;
        house.breaks("docs_v1", &failure);
        house.breaks("docs_v2", &failure);
        let stopped = house.command(&path, "stop").await;
        assert_eq!(stopped["state"], "settling", "it {how}");
        house.mend().await;
    }
}

/// An operator who moves the alias by force is obeyed also where a rollout is on its way back to somewhere else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn force_ends_a_rollback_that_does_not_come_to_its_end() {
    let house = House::new().await;
    let path = house.begin("/v1/canaries", &canary(json!({}))).await;
    house.until(&path, &["stepping", "paused"]).await;
    house.command(&path, "promote").await;
    house.until(&path, &["watching"]).await;
    collection(&house.upstream.rest, "docs_v3").await;
    // The way back cannot be gone: its target is no more.
    let gone = format!("{}/collections/docs_v1", house.upstream.rest);
    send(&house.pointsman.http, Method::DELETE, &gone, &json!({})).await;
    house.command(&path, "abort").await;
    house.until(&path, &["rollback_failed"]).await;
    let (status, moved) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v3", "force": true})).await;
    assert_eq!(status, StatusCode::OK, "{moved}");
    house.until(&path, &["superseded"]).await;
    assert_eq!(house.target().await, "docs_v3");
}
