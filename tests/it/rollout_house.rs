//! An alias, its collection and the next one, for tests in which a canary goes from the one to the other under traffic.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};

const UNITS: usize = 200;
/// How many users ask between two looks at the canary.
const BETWEEN_LOOKS: usize = 20;

pub(crate) struct House {
    pub(crate) upstream: Upstream,
    pub(crate) pointsman: Pointsman,
}

impl House {
    /// `extra` is configuration, in YAML.
    pub(crate) async fn new(extra: &str) -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        Self { upstream, pointsman }
    }

    /// Of half the units for so long, then all; content with little.
    fn spec(guards: &Value, duration: &str) -> Value {
        json!({
            "alias": "docs", "collection": "docs_v2", "guards": guards,
            "stages": [{"percentage": 50, "duration": duration}, {"percentage": 100, "duration": "0s"}],
            "check_interval": "1s", "warm_up": "0s", "watch": "1s", "minimum_requests": 50, "minimum_units": 20,
        })
    }

    /// Its id.
    pub(crate) async fn canary(&self, guards: &Value, duration: &str) -> String {
        self.create(&Self::spec(guards, duration)).await
    }

    pub(crate) async fn create(&self, spec: &Value) -> String {
        let created = send(&self.pointsman.http, Method::POST, &self.pointsman.admin("/v1/canaries"), spec).await;
        created["id"].as_str().expect("it has an id").to_owned()
    }

    /// The field that a canary with these guards is refused for.
    pub(crate) async fn refused(&self, guards: &Value) -> String {
        let request = self.pointsman.http.post(self.pointsman.admin("/v1/canaries"));
        let answer = request.json(&Self::spec(guards, "1s")).send().await.expect("an answer");
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.expect("a problem");
        problem["errors"][0]["field"].as_str().unwrap_or_else(|| panic!("no field in {problem}")).to_owned()
    }

    /// The status that a command is answered with.
    pub(crate) async fn command(&self, id: &str, name: &str) -> u16 {
        let url = self.pointsman.admin(&format!("/v1/canaries/{id}/{name}"));
        self.pointsman.http.post(url).send().await.expect("an answer").status().as_u16()
    }

    /// One query of a user, and its result.
    pub(crate) async fn ask(&self, unit: usize, body: &Value) -> Value {
        let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
        let answer = request.header("x-user-id", format!("user-{unit}")).json(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "a user saw a failure");
        answer.json::<Value>().await.expect("JSON")["result"].take()
    }

    /// Keeps `asking`, for one user after the other, until the canary is as wanted.
    pub(crate) async fn until(&self, id: &str, what: &str, wanted: impl Fn(&Value) -> bool, asking: impl AsyncFn(usize)) -> Value {
        let mut last = Value::Null;
        let met = async {
            for unit in (0..UNITS).cycle() {
                if unit % BETWEEN_LOOKS == 0 {
                    last = get(&self.pointsman.http, &self.pointsman.admin(&format!("/v1/canaries/{id}"))).await;
                    if wanted(&last) {
                        return;
                    }
                }
                asking(unit).await;
            }
        };
        let met = tokio::time::timeout(PATIENCE * 2, met).await;
        assert!(met.is_ok(), "{what} never was: {last:#}");
        last
    }
}

pub(crate) fn is(state: &str) -> impl Fn(&Value) -> bool {
    move |canary| canary["state"] == state
}

/// The transition by which a canary went back.
pub(crate) fn way_back(canary: &Value) -> Value {
    let history = canary["history"]["first"].as_array().expect("a list");
    history.iter().find(|step| step["to"]["name"] == "rolling_back").cloned().expect("it went back")
}
