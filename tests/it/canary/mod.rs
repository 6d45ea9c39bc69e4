//! Canaries over real sockets, with stages of seconds.

mod answer_guards;
mod course;
mod evidence;
mod freeze;
mod holds;
mod outage;
mod prometheus_guard;
mod refusals;
mod restart;
mod troubles;

use std::collections::BTreeMap;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, origin, query, send};

const UNITS: usize = 300;
/// Enough for slow collections not to make slow tests, few enough for two cores.
const AT_ONCE: usize = 16;

struct House {
    upstream: Upstream,
    pointsman: Pointsman,
}

impl House {
    async fn new(extra: &str) -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        Self { upstream, pointsman }
    }

    /// A canary of one stage at half the units; short, and content with little.
    async fn canary(&self, changes: Value) -> Value {
        let mut spec = json!({
            "alias": "docs",
            "collection": "docs_v2",
            "stages": [{"percentage": 50, "duration": "2s"}, {"percentage": 100, "duration": "0s"}],
            "check_interval": "1s",
            "warm_up": "0s",
            "watch": "1s",
            "minimum_requests": 50,
            "minimum_units": 20,
            // A busy machine's latencies say nothing about the code under test.
            "guards": [{"kind": "error_rate", "max": 0.5, "margin": 0.3}],
        });
        for (key, value) in changes.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        send(&self.pointsman.http, Method::POST, &self.pointsman.admin("/v1/canaries"), &spec).await
    }

    /// Its id.
    async fn begin(&self, changes: Value) -> String {
        self.canary(changes).await["id"].as_str().expect("it has an id").to_owned()
    }

    async fn command(&self, id: &str, command: &str) -> Value {
        let url = self.pointsman.admin(&format!("/v1/canaries/{id}/{command}"));
        send(&self.pointsman.http, Method::POST, &url, &json!({})).await
    }

    /// The field that a canary with these changes is refused for.
    async fn refused(&self, changes: Value) -> String {
        let mut spec = json!({"alias": "docs", "collection": "docs_v2"});
        for (key, value) in changes.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        let answer = self.pointsman.http.post(self.pointsman.admin("/v1/canaries")).json(&spec).send().await.expect("an answer");
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.expect("a problem");
        problem["errors"][0]["field"].as_str().unwrap_or_else(|| panic!("no field in {problem}")).to_owned()
    }

    async fn show(&self, id: &str) -> Value {
        get(&self.pointsman.http, &self.pointsman.admin(&format!("/v1/canaries/{id}"))).await
    }

    /// One question of each unit; which collection answered whom.
    async fn ask_everybody(&self) -> BTreeMap<usize, String> {
        let ask = async |unit| {
            let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
            let answer = request.header("x-user-id", format!("user-{unit}")).json(&query()).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "a user saw a failure");
            (unit, origin(&answer.json().await.expect("JSON")))
        };
        futures_util::stream::iter(0..UNITS).map(ask).buffer_unordered(AT_ONCE).collect().await
    }

    /// The same where users may see failures; how many saw each status.
    async fn ask_all_statuses(&self) -> BTreeMap<u16, usize> {
        let ask = async |unit| {
            let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
            request.header("x-user-id", format!("user-{unit}")).json(&query()).send().await.expect("an answer").status().as_u16()
        };
        let statuses: Vec<u16> = futures_util::stream::iter(0..UNITS).map(ask).buffer_unordered(AT_ONCE).collect().await;
        statuses.into_iter().fold(BTreeMap::new(), |mut counts, status| {
            *counts.entry(status).or_default() += 1;
            counts
        })
    }

    /// Keeps asking until the canary is in one of these states.
    async fn until(&self, id: &str, states: &[&str]) -> Value {
        let asking = async || drop(self.ask_everybody().await);
        self.until_seen(id, &format!("{states:?}"), |canary| states.contains(&canary["state"].as_str().unwrap_or_default()), asking).await
    }

    /// Until the canary waits for this reason; nobody asks anything.
    async fn until_paused(&self, id: &str, because: &str) -> Value {
        self.until_seen(id, because, |canary| canary["paused_because"] == because, pause).await
    }

    /// Until the canary is as wanted, doing `meanwhile` between one look and the next.
    async fn until_seen(&self, id: &str, what: &str, wanted: impl Fn(&Value) -> bool, mut meanwhile: impl AsyncFnMut()) -> Value {
        let reached = async {
            loop {
                let canary = self.show(id).await;
                if wanted(&canary) {
                    return canary;
                }
                meanwhile().await;
            }
        };
        match tokio::time::timeout(PATIENCE * 2, reached).await {
            Ok(canary) => canary,
            Err(_) => panic!("it never became {what}: {:#}", self.show(id).await),
        }
    }

    async fn target(&self) -> String {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        listed["result"]["aliases"][0]["collection_name"].as_str().expect("there is one alias").to_owned()
    }

    /// Sets what is to go wrong with a collection, or with everything: `*`.
    fn fault(&self, name: &str, fault: Value) {
        let fault = serde_json::from_value(fault).expect("a fault");
        self.upstream.engine().faults.set(name, fault).expect("a valid fault");
    }

    fn mend(&self) {
        self.upstream.engine().faults.clear_all();
    }
}

/// Between two looks.
async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

/// Everything fails from now on.
fn unavailable() -> Value {
    json!({"errors": [{"status": 503, "share": 1.0}]})
}

/// The transition by which it went back.
fn way_back(canary: &Value) -> Value {
    transitions(canary).into_iter().find(|step| step["to"]["name"] == "rolling_back").expect("it went back")
}

/// What a guard says now.
fn reason_of<'c>(canary: &'c Value, guard: &str) -> &'c str {
    let verdicts = canary["verdicts"].as_array().into_iter().flatten();
    verdicts.filter(|verdict| verdict["guard"] == guard).find_map(|verdict| verdict["reason"].as_str()).unwrap_or_default()
}

/// One stage of half the units, as long as a test may take.
fn endless() -> Value {
    json!([{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}])
}

fn transitions(canary: &Value) -> Vec<Value> {
    let history = &canary["history"];
    ["first", "last"].into_iter().flat_map(|part| history[part].as_array().into_iter().flatten()).cloned().collect()
}

fn states(canary: &Value) -> Vec<String> {
    transitions(canary).iter().map(|transition| transition["to"]["name"].as_str().expect("a state").to_owned()).collect()
}
