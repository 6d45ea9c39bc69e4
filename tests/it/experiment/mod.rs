//! Experiments over real sockets.

mod course;
mod interleave;
mod layers;
mod oracle;
mod python;
mod ranges;
mod reads;

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
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        Self { upstream, pointsman }
    }

    /// The id of an experiment of two arms with a binary goal.
    async fn begin(&self, changes: Value) -> String {
        let made = self.call(Method::POST, "/v1/experiments", &spec(&changes)).await;
        assert_eq!(made.0, StatusCode::CREATED, "{:#}", made.1);
        made.1["id"].as_str().expect("it has an id").to_owned()
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.request(method, self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn change(&self, method: Method, path: &str, body: &Value) -> Value {
        send(&self.pointsman.http, method, &self.pointsman.admin(path), body).await
    }

    async fn look(&self, path: &str) -> Value {
        get(&self.pointsman.http, &self.pointsman.admin(path)).await
    }

    /// One question of a unit, and what the answer's headers say.
    async fn ask(&self, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query")).json(&query());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "a user saw a failure");
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        Answer { arm: header("x-pointsman-variant"), token: header("x-pointsman-decision") }
    }

    /// Until the experiment is in this state.
    async fn until(&self, id: &str, state: &str) -> Value {
        let reached = async {
            loop {
                let experiment = self.look(&format!("/v1/experiments/{id}")).await;
                if experiment["state"] == state {
                    return experiment;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("it never became {state}"))
    }
}

struct Answer {
    arm: Option<String>,
    token: Option<String>,
}

fn spec(changes: &Value) -> Value {
    let mut spec = json!({
        "name": "test", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}], "late_feedback": "1s",
    });
    for (key, value) in changes.as_object().expect("an object") {
        spec[key] = value.clone();
    }
    spec
}

/// What the report says of one arm.
fn arm<'r>(report: &'r Value, name: &str) -> &'r Value {
    let arms = report["arms"].as_array().expect("there are arms");
    arms.iter().find(|arm| arm["name"] == name).unwrap_or_else(|| panic!("no arm {name} in {report:#}"))
}
