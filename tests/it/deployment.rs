//! Blue-green deployments over real sockets, from their creation to their end.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, query, send};

struct House {
    upstream: Upstream,
    pointsman: Pointsman,
}

impl House {
    async fn new(extra: &str) -> Self {
        let upstream = Upstream::sandbox().await;
        collection(&upstream.rest, "docs_v1").await;
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        Self { upstream, pointsman }
    }

    fn spec(changes: Value) -> Value {
        let mut spec = json!({
            "alias": "docs",
            "source": "collection:docs_v1",
            "collection": "docs_v2",
            "watch": "1s",
            "watch_every": "300ms",
            "validation_queries": [{"query": {"vector": [1.0, 0.5]}, "limit": 3, "expect": {"min_results": 3}}],
            // A busy machine's latencies say nothing about the code under test.
            "guards": [{"kind": "error_rate", "max": 0.5}],
        });
        let Value::Object(changes) = changes else { panic!("an object") };
        spec.as_object_mut().expect("an object").extend(changes);
        spec
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.post(self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn begin(&self, changes: Value) -> String {
        let (status, made) = self.post("/v1/deployments", &Self::spec(changes)).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("it has an id").to_owned()
    }

    async fn show(&self, id: &str) -> Value {
        get(&self.pointsman.http, &self.pointsman.admin(&format!("/v1/deployments/{id}"))).await
    }

    /// Keeps asking as users do until the deployment is in one of these states.
    async fn until(&self, id: &str, states: &[&str]) -> Value {
        let reached = async {
            loop {
                let deployment = self.show(id).await;
                if states.contains(&deployment["state"].as_str().unwrap_or_default()) {
                    return deployment;
                }
                self.ask().await;
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(deployment) => deployment,
            Err(_) => panic!("it never became {states:?}: {:#}", self.show(id).await),
        }
    }

    /// One question through the alias.
    async fn ask(&self) {
        let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
        let answer = request.header("x-user-id", "ada").json(&query()).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "a user saw a failure");
    }

    async fn collections(&self) -> Vec<String> {
        let listed = get(&self.pointsman.http, &format!("{}/collections", self.upstream.rest)).await;
        let collections = listed["result"]["collections"].as_array().expect("a list");
        let mut names: Vec<String> = collections.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    async fn target(&self) -> String {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        listed["result"]["aliases"][0]["collection_name"].as_str().expect("there is one alias").to_owned()
    }

    /// Puts this many points more into a collection.
    async fn fill(&self, name: &str, points: u64) {
        let ids: Vec<u64> = (1_000..1_000 + points).collect();
        for page in ids.chunks(500) {
            let point = |id: &u64| json!({"id": id, "vector": [(id % 7) as f64, 1.0], "payload": {"from": name, "number": id}});
            let points: Vec<Value> = page.iter().map(point).collect();
            let url = format!("{}/collections/{name}/points?wait=true", self.upstream.rest);
            send(&self.pointsman.http, Method::PUT, &url, &json!({"points": points})).await;
        }
    }

    async fn count(&self, name: &str) -> u64 {
        let url = format!("{}/collections/{name}/points/count", self.upstream.rest);
        let counted = send(&self.pointsman.http, Method::POST, &url, &json!({"exact": true})).await;
        counted["result"]["count"].as_u64().expect("a number")
    }
}

fn reasons(deployment: &Value) -> String {
    let steps = deployment["history"].as_array().into_iter().flatten();
    steps.filter_map(|step| step["reason"].as_str()).collect::<Vec<_>>().join("; ")
}

/// Promises 26 to 29, 31, 32 and 34.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_takes_the_alias_and_the_old_collection_is_retired() {
    let house = House::new("").await;
    house.fill("docs_v1", 1_500).await;
    let id = house.begin(json!({"retire_old": "24h"})).await;
    assert!(id.starts_with("dep_"), "{id}");
    let ended = house.until(&id, &["completed", "rolled_back", "failed"]).await;
    assert_eq!(ended["state"], "completed", "{ended:#}");
    assert_eq!(house.target().await, "docs_v2");
    assert_eq!(house.count("docs_v2").await, house.count("docs_v1").await);
    assert_eq!(ended["progress"]["points"], ended["progress"]["total"]);
    assert_eq!((&ended["verification"]["missing"], &ended["validation"]["outcome"]), (&json!(0), &json!("passed")), "{ended:#}");
    let retirements = get(&house.pointsman.http, &house.pointsman.admin("/v1/retirements")).await;
    assert_eq!((&retirements["items"][0]["collection"], &retirements["items"][0]["state"]), (&json!("docs_v1"), &json!("scheduled")));
    let freed = house.pointsman.http.post(house.pointsman.admin("/v1/deployments")).json(&House::spec(json!({"collection": "docs_v3"})));
    assert_eq!(freed.send().await.expect("an answer").status(), 201, "the alias is free again");
}

/// Promise 29: somebody else fills the collection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_fills_is_waited_for_and_then_released() {
    let house = House::new("").await;
    let id = house.begin(json!({"source": "external"})).await;
    house.until(&id, &["awaiting_ready"]).await;
    assert_eq!(house.count("docs_v2").await, 0);
    house.fill("docs_v2", 10).await;
    let (status, _) = house.post(&format!("/v1/deployments/{id}/ready"), &json!({"reason": "filled"})).await;
    assert_eq!(status, 200);
    house.until(&id, &["completed"]).await;
    assert_eq!(house.target().await, "docs_v2");
}

/// Promises 30, 31 and 33.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validation_that_fails_leaves_everything_as_it_was() {
    let nowhere = json!({"must": [{"key": "from", "match": {"value": "nowhere"}}]});
    for query in [
        json!({"name": "common", "query": {"vector": [1.0, 0.5]}, "expect": {"min_results": 5, "top_score": 7.0}}),
        // It finds nothing, and does not say what it expects.
        json!({"name": "common", "query": {"vector": [1.0, 0.5]}, "filter": nowhere}),
    ] {
        let house = House::new("").await;
        let id = house.begin(json!({"validation_queries": [query]})).await;
        let ended = house.until(&id, &["rolled_back", "completed"]).await;
        assert_eq!(ended["state"], "rolled_back", "{ended:#}");
        assert!(reasons(&ended).contains("validation failed: common"), "{}", reasons(&ended));
        assert_eq!((house.collections().await, house.target().await), (vec!["docs_v1".to_owned()], "docs_v1".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_left_to_be_looked_at_where_that_is_wanted() {
    let house = House::new("").await;
    let query = json!([{"query": {"vector": [1.0, 0.5]}, "expect": {"top_score": 7.0}}]);
    let id = house.begin(json!({"validation_queries": query, "rollback_on_failure": false})).await;
    house.until(&id, &["failed"]).await;
    assert_eq!(house.collections().await, ["docs_v1", "docs_v2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_list_of_queries_is_recorded_as_not_validated() {
    let house = House::new("").await;
    let id = house.begin(json!({"validation_queries": []})).await;
    let ended = house.until(&id, &["completed"]).await;
    assert_eq!(ended["validation"]["outcome"], "not_validated");
    assert!(ended["warnings"][0].as_str().is_some_and(|warning| warning.contains("not validated")), "{ended:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_and_named() {
    let house = House::new("").await;
    for (changes, field) in [
        (json!({"validation_queries": [{"query": {"text": "hello"}}]}), "validation_queries[0].query.text"),
        (json!({"watch_every": "0s"}), "watch_every"),
        (json!({"source": "nonsense"}), "source"),
        (json!({"colour": "red"}), "colour"),
        (json!({"collection": "docs"}), "collection"),
    ] {
        let (status, problem) = house.post("/v1/deployments", &House::spec(changes)).await;
        assert_eq!(status, 422, "{problem}");
        let fields: Vec<&str> = problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["field"].as_str()).collect();
        assert!(fields.contains(&field), "{field}: {problem}");
    }
    let (status, _) = house.post("/v1/deployments/deployment_0/cancel", &json!({})).await;
    assert_eq!(status, 404);
    for (changes, named) in [(json!({"alias": "news"}), "`news`"), (json!({"source": "collection:nowhere"}), "`nowhere`")] {
        let (status, problem) = house.post("/v1/deployments", &House::spec(changes)).await;
        assert!(status == 404 && problem["detail"].as_str().is_some_and(|said| said.contains(named)), "{named}: {status} {problem}");
    }
    let id = house.begin(json!({"collection": "docs_v1"})).await;
    let ended = house.until(&id, &["failed"]).await;
    assert!(reasons(&ended).contains("taken"), "{}", reasons(&ended));
}

/// Promise 38: allowed, but only when it is said that it is meant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_vector_size_needs_an_acknowledgement() {
    let house = House::new("").await;
    let wider = json!({"params": {"vectors": {"size": 8}}});
    let id = house.begin(json!({"source": "external", "overrides": wider})).await;
    let ended = house.until(&id, &["failed"]).await;
    assert!(reasons(&ended).contains("acknowledge_incompatible"), "{}", reasons(&ended));
    let id = house.begin(json!({"source": "external", "overrides": wider, "acknowledge_incompatible": true})).await;
    let waiting = house.until(&id, &["awaiting_ready"]).await;
    let paths: Vec<&str> = waiting["differences"].as_array().expect("a list").iter().filter_map(|one| one["path"].as_str()).collect();
    assert!(paths.iter().any(|path| path.contains("size")), "{paths:?}");
    house.post(&format!("/v1/deployments/{id}/cancel"), &json!({})).await;
    house.until(&id, &["cancelled"]).await;
    assert_eq!(house.collections().await, ["docs_v1"]);
}

/// Promise 36.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_lists_every_step_and_touches_nothing() {
    let house = House::new("").await;
    let before = house.upstream.engine().log.count(&pointsman_sandbox::requests::Filter::default());
    let (status, preview) = house.post("/v1/deployments", &House::spec(json!({"dry_run": true}))).await;
    assert_eq!(status, 200, "{preview}");
    let states: Vec<&str> = preview["steps"].as_array().expect("a list").iter().filter_map(|step| step["state"].as_str()).collect();
    assert_eq!(states, ["creating", "copying", "verifying", "finishing", "validating", "releasing", "watching", "completed"]);
    assert_eq!(preview["steps"][0]["requests"][0]["method"], "PUT");
    assert!(house.upstream.engine().log.count(&pointsman_sandbox::requests::Filter::default()) > before, "it looked");
    assert_eq!(house.collections().await, ["docs_v1"]);
    let listed = get(&house.pointsman.http, &house.pointsman.admin("/v1/deployments")).await;
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_at_a_time_on_an_alias_and_any_number_on_others() {
    let house = House::new("").await;
    alias(&house.upstream.rest, "news", "docs_v1").await;
    let id = house.begin(json!({"source": "external"})).await;
    let (status, problem) = house.post("/v1/deployments", &House::spec(json!({"collection": "docs_v3"}))).await;
    assert_eq!(status, 409, "{problem}");
    let (status, _) = house.post("/v1/canaries", &json!({"alias": "docs", "collection": "docs_v1"})).await;
    assert_eq!(status, 409);
    let other = house.begin(json!({"alias": "news", "collection": "news_v2", "source": "external"})).await;
    house.until(&id, &["awaiting_ready"]).await;
    house.until(&other, &["awaiting_ready"]).await;
    let guarded = house.pointsman.http.delete(house.pointsman.rest("/collections/docs_v2")).send().await.expect("an answer");
    assert_eq!(guarded.status(), 409, "a deployment's collection cannot be taken away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_copy_stops_and_goes() {
    let house = House::new("").await;
    house.fill("docs_v1", 3_000).await;
    let id = house.begin(json!({"copy": {"points_per_second": 100.0, "page": 50}})).await;
    house.until(&id, &["copying"]).await;
    let (status, _) = house.post(&format!("/v1/deployments/{id}/cancel"), &json!({"reason": "enough"})).await;
    assert_eq!(status, 200);
    let ended = house.until(&id, &["cancelled"]).await;
    assert_eq!(ended["undone"]["outcome"], "removed", "{ended:#}");
    assert_eq!(house.collections().await, ["docs_v1"]);
    house.ask().await;
}

/// Promise 35: and nobody notices the copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_copy_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    house.fill("docs_v1", 2_000).await;
    let id = house.begin(json!({"copy": {"points_per_second": 400.0, "page": 50, "parallel": 2}})).await;
    let copied = async {
        loop {
            let points = house.show(&id).await["progress"]["points"].as_u64().unwrap_or(0);
            if points >= 300 {
                return points;
            }
            house.ask().await;
        }
    };
    let before = tokio::time::timeout(PATIENCE, copied).await.expect("it copies");
    house.pointsman.child.kill().await.expect("it is ours");
    house.pointsman = Pointsman::start(&house.upstream, &store).await;
    let after = house.show(&id).await["progress"]["points"].as_u64().expect("it was stored");
    assert!(after >= before, "{after} after {before}");
    house.until(&id, &["completed"]).await;
    assert_eq!(house.count("docs_v2").await, house.count("docs_v1").await);
    assert_eq!(house.target().await, "docs_v2");
}

/// Promises 32 and 33: errors after the switch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_after_the_switch_lead_back() {
    let house = House::new("").await;
    let id = house.begin(json!({"watch": "10m"})).await;
    house.until(&id, &["watching"]).await;
    let moved = async {
        while house.target().await != "docs_v2" {
            house.ask().await;
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.expect("the alias moves");
    let sick = serde_json::from_value(json!({"status": "red"})).expect("a fault");
    house.upstream.engine().faults.set("docs_v2", sick).expect("a valid fault");
    let ended = house.until(&id, &["rolled_back"]).await;
    assert!(ended["failed_looks"].as_u64() > Some(5), "{ended:#}");
    assert_eq!(house.target().await, "docs_v1");
    house.ask().await;
    assert_eq!(house.collections().await, ["docs_v1", "docs_v2"], "what has served users is retired, not deleted at once");
    let retirements = get(&house.pointsman.http, &house.pointsman.admin("/v1/retirements")).await;
    assert_eq!(retirements["items"][0]["collection"], "docs_v2");
}

/// Promise 36 again: the way back can be rehearsed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_may_go_back_during_the_watch() {
    let house = House::new("").await;
    let id = house.begin(json!({"watch": "10m"})).await;
    house.until(&id, &["watching"]).await;
    let (status, _) = house.post(&format!("/v1/deployments/{id}/rollback"), &json!({"reason": "a rehearsal"})).await;
    assert_eq!(status, 200);
    house.until(&id, &["rolled_back"]).await;
    assert_eq!(house.target().await, "docs_v1");
}

/// The way back cannot be gone, since where it leads is no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_fails_says_why_and_what_to_do() {
    let house = House::new("").await;
    let id = house.begin(json!({"watch": "10m"})).await;
    house.until(&id, &["watching"]).await;
    let moved = async {
        while house.target().await != "docs_v2" {
            house.ask().await;
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.expect("the alias moves");
    let gone = format!("{}/collections/docs_v1", house.upstream.rest);
    send(&house.pointsman.http, Method::DELETE, &gone, &json!({})).await;
    house.post(&format!("/v1/deployments/{id}/rollback"), &json!({"reason": "it is bad"})).await;
    let failing = house.until(&id, &["rollback_failed"]).await;
    let error = failing["error"].as_str().unwrap_or_default();
    assert!(error.contains("no collection `docs_v1`") && error.contains("pointsman alias switch docs docs_v1 --force"), "{failing:#}");
    collection(&house.upstream.rest, "docs_v1").await;
    house.until(&id, &["rolled_back"]).await;
    assert_eq!(house.target().await, "docs_v1");
}
