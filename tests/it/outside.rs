//! What others change in Qdrant itself, past Pointsman: a rollout that rests on it ends, says why, and leaves it as it was put.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};

/// What others do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    MoveAlias,
    DeleteAlias,
    DeleteCandidate,
}

const DEEDS: [Deed; 3] = [Deed::MoveAlias, Deed::DeleteAlias, Deed::DeleteCandidate];

impl Deed {
    /// What is said of it.
    fn words(self) -> &'static str {
        match self {
            Self::MoveAlias => "the alias `docs` was moved to `docs_v3`",
            Self::DeleteAlias => "Qdrant has no alias `docs` any more",
            Self::DeleteCandidate => "Qdrant has no collection `docs_v2` any more",
        }
    }
}

/// `docs` points at `docs_v1`; `docs_v2` and `docs_v3` are there as well.
struct House {
    upstream: Upstream,
    pointsman: Pointsman,
}

impl House {
    async fn new() -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2", "docs_v3"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, "aliases: {refresh: 100ms}").await;
        Self { upstream, pointsman }
    }

    async fn begin(&self, path: &str, spec: &Value) -> String {
        let made = send(&self.pointsman.http, Method::POST, &self.pointsman.admin(path), spec).await;
        format!("{path}/{}", made["id"].as_str().expect("it has an id"))
    }

    async fn until(&self, path: &str, states: &[&str]) -> Value {
        let reached = async {
            loop {
                let seen = get(&self.pointsman.http, &self.pointsman.admin(path)).await;
                let state = |field: &str| states.contains(&seen[field].as_str().unwrap_or_default());
                if state("state") || state("paused_because") {
                    return seen;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(seen) => seen,
            Err(_) => panic!("it never became {states:?}: {:#}", get(&self.pointsman.http, &self.pointsman.admin(path)).await),
        }
    }

    /// In Qdrant itself.
    async fn does(&self, deed: Deed) {
        let rest = &self.upstream.rest;
        match deed {
            Deed::MoveAlias => alias(rest, "docs", "docs_v3").await,
            Deed::DeleteAlias => {
                let action = json!({"actions": [{"delete_alias": {"alias_name": "docs"}}]});
                send(&self.pointsman.http, Method::POST, &format!("{rest}/collections/aliases"), &action).await;
            }
            Deed::DeleteCandidate => {
                send(&self.pointsman.http, Method::DELETE, &format!("{rest}/collections/docs_v2"), &json!({})).await;
            }
        }
    }

    async fn target(&self) -> Option<String> {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        listed["result"]["aliases"][0]["collection_name"].as_str().map(str::to_owned)
    }

    /// What was told of an alias, newest first.
    async fn told(&self) -> String {
        get(&self.pointsman.http, &self.pointsman.admin("/v1/events?subject=docs")).await.to_string()
    }

    /// An alias that others have moved or deleted stays as they left it, and the event says what they did.
    async fn left_alone(&self, deed: Deed) {
        let wanted = match deed {
            Deed::MoveAlias => Some("docs_v3"),
            Deed::DeleteAlias => None,
            Deed::DeleteCandidate => Some("docs_v1"),
        };
        assert_eq!(self.target().await.as_deref(), wanted, "{deed:?}");
        let told = self.told().await;
        assert!(told.contains(deed.words()), "{deed:?}: {told}");
    }
}

fn canary() -> Value {
    json!({
        "alias": "docs", "collection": "docs_v2", "check_interval": "1s", "warm_up": "0s", "watch": "10m",
        "stages": [{"percentage": 20, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_in_a_stage_ends() {
    for deed in DEEDS {
        let house = House::new().await;
        let path = house.begin("/v1/canaries", &canary()).await;
        house.until(&path, &["stepping"]).await;
        house.does(deed).await;
        let end = match deed {
            Deed::MoveAlias => "superseded",
            Deed::DeleteAlias => "error",
            Deed::DeleteCandidate => "rolled_back",
        };
        let ended = house.until(&path, &[end]).await;
        assert!(ended["history"].to_string().contains(deed.words()), "{ended:#}");
        house.left_alone(deed).await;
        if deed == Deed::DeleteAlias {
            alias(&house.upstream.rest, "docs", "docs_v1").await;
            house.until(&path, &["stepping"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_in_its_watch_ends() {
    for deed in DEEDS {
        let house = House::new().await;
        let path = house.begin("/v1/canaries", &canary()).await;
        house.until(&path, &["stepping"]).await;
        send(&house.pointsman.http, Method::POST, &house.pointsman.admin(&format!("{path}/promote")), &json!({})).await;
        house.until(&path, &["watching"]).await;
        house.does(deed).await;
        // A collection takes its aliases along: without another one no request by the alias would be answered.
        let end = if deed == Deed::DeleteCandidate { "rolled_back" } else { "superseded" };
        house.until(&path, &[end]).await;
        house.left_alone(deed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_that_waits_for_people_ends() {
    for deed in DEEDS {
        let house = House::new().await;
        let gone = format!("{}/collections/docs_v2", house.upstream.rest);
        send(&house.pointsman.http, Method::DELETE, &gone, &json!({})).await;
        let spec = json!({"alias": "docs", "source": "external", "collection": "docs_v2"});
        let path = house.begin("/v1/deployments", &spec).await;
        house.until(&path, &["awaiting_ready"]).await;
        house.does(deed).await;
        let ended = house.until(&path, &["rolled_back"]).await;
        assert!(ended["history"].to_string().contains(deed.words()), "{ended:#}");
        house.left_alone(deed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_ends_where_an_arm_or_the_alias_is_gone() {
    for deed in [Deed::DeleteAlias, Deed::DeleteCandidate] {
        let house = House::new().await;
        let spec = json!({"name": "test", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}]});
        let path = house.begin("/v1/experiments", &spec).await;
        house.until(&path, &["running"]).await;
        house.does(deed).await;
        house.until(&path, &["settling"]).await;
        house.left_alone(deed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_ends_when_its_control_is_moved_onto_an_arm() {
    let house = House::new().await;
    let spec = json!({"name": "test", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}]});
    let path = house.begin("/v1/experiments", &spec).await;
    house.until(&path, &["running"]).await;
    alias(&house.upstream.rest, "docs", "docs_v2").await;
    house.until(&path, &["settling"]).await;
    let told = house.told().await;
    assert!(told.contains("which is the arm `treatment`"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_comparison_ends() {
    for deed in DEEDS {
        let house = House::new().await;
        let path = house.begin("/v1/shadows", &json!({"alias": "docs", "collection": "docs_v2"})).await;
        house.does(deed).await;
        house.until(&path, &["settling", "ended"]).await;
        let told = house.told().await;
        let ended = get(&house.pointsman.http, &house.pointsman.admin(&path)).await;
        assert!(ended["history"].to_string().contains(deed.words()), "{deed:?}: {ended:#} {told}");
    }
}

/// Each takes a tenth of a second at the least, and the controller looks once a second.
const FAILED_LISTINGS: u64 = 30;

/// A listing that fails is no news of anything, however often it fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_fails_ends_nothing() {
    let house = House::new().await;
    let path = house.begin("/v1/canaries", &canary()).await;
    house.until(&path, &["stepping"]).await;
    let fault = serde_json::from_value(json!({"errors": [{"status": 503, "share": 1.0}]})).expect("a fault");
    house.upstream.engine().faults.set("*", fault).expect("a valid fault");
    let failing = house.pointsman.until("the listing fails", |status| !status["listing"]["last_error"].is_null()).await;
    let failures = |status: &Value| status["listing"]["failures"].as_u64().unwrap_or_default();
    let more = failures(&failing) + FAILED_LISTINGS;
    house.pointsman.until("the listing goes on failing", |status| failures(status) >= more).await;
    let held = get(&house.pointsman.http, &house.pointsman.admin(&path)).await;
    assert_eq!((&held["state"], &held["current_stage"]), (&json!("stepping"), &json!(0)), "{held:#}");
    house.upstream.engine().faults.clear_all();
    house.pointsman.until("the listing succeeds", |status| status["listing"]["last_error"].is_null()).await;
    let answer = house.pointsman.http.get(house.pointsman.admin(&path)).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    house.until(&path, &["stepping"]).await;
}
