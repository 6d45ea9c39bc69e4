//! Shadow comparisons over real sockets: alone, and before a canary's first stage.

mod before_a_canary;
mod capture;
mod course;
mod mirror;

use std::collections::HashSet;

use futures_util::StreamExt;
use qdrant_client::Qdrant;
use qdrant_client::qdrant::{Query, QueryPointsBuilder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, client, get, send};

const SEED: u64 = 20_261_127;
const POINTS: u64 = 300;
const DIMENSIONS: usize = 8;
const DEPTH: u64 = 10;
/// Enough to keep two cores busy, and less than the mirror's queue holds.
const AT_ONCE: usize = 8;

type Vector = Vec<f32>;

/// `docs` points at `docs_v1`; `docs_v2` is the same, and of `docs_v3` every third vector is another.
struct House {
    upstream: Upstream,
    pointsman: Pointsman,
    grpc: Qdrant,
}

fn vectors(seed: u64, count: u64) -> Vec<Vector> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut vector = || (0..DIMENSIONS).map(|_| random.f32() * 2.0 - 1.0).collect();
    (0..count).map(|_| vector()).collect()
}

async fn collection(rest: &str, name: &str, vectors: &[Vector]) {
    let http = reqwest::Client::new();
    let schema = json!({"vectors": {"size": DIMENSIONS, "distance": "Dot"}});
    send(&http, Method::PUT, &format!("{rest}/collections/{name}"), &schema).await;
    let points: Vec<Value> = vectors.iter().enumerate().map(|(id, vector)| json!({"id": id, "vector": vector})).collect();
    send(&http, Method::PUT, &format!("{rest}/collections/{name}/points?wait=true"), &json!({"points": points})).await;
}

impl House {
    async fn new(extra: &str) -> Self {
        let upstream = Upstream::sandbox().await;
        let (same, others) = (vectors(SEED, POINTS), vectors(SEED + 1, POINTS));
        let mixed: Vec<Vector> = (0..same.len()).map(|at| if at % 3 == 0 { others[at].clone() } else { same[at].clone() }).collect();
        for (name, vectors) in [("docs_v1", &same), ("docs_v2", &same), ("docs_v3", &mixed)] {
            collection(&upstream.rest, name, vectors).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        let grpc = client(&pointsman);
        Self { upstream, pointsman, grpc }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.request(method, self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn look(&self, path: &str) -> Value {
        get(&self.pointsman.http, &self.pointsman.admin(path)).await
    }

    async fn begin(&self, collection: &str, changes: Value) -> String {
        let mut spec = json!({"alias": "docs", "collection": collection});
        for (field, value) in changes.as_object().expect("an object") {
            spec[field] = value.clone();
        }
        let (status, made) = self.call(Method::POST, "/v1/shadows", &spec).await;
        assert_eq!(status, StatusCode::CREATED, "{made:#}");
        made["id"].as_str().expect("it has an id").to_owned()
    }

    async fn report(&self, id: &str) -> Value {
        self.look(&format!("/v1/shadows/{id}")).await["report"].clone()
    }

    /// Until something under this path is as wanted.
    async fn until(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let reached = async {
            loop {
                let found = self.look(path).await;
                if wanted(&found) {
                    return found;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(found) => found,
            Err(_) => panic!("never {what}: {:#}", self.look(path).await),
        }
    }

    /// Until so many lists have been compared.
    async fn compared(&self, id: &str, count: u64) -> Value {
        let what = format!("{count} comparisons");
        self.until(&format!("/v1/shadows/{id}"), &what, |shadow| shadow["report"]["comparisons"] == count).await["report"].clone()
    }

    /// Each asked once by the alias, every other one over gRPC, all of them by users of their own.
    async fn ask(&self, queries: &[Vector]) {
        let ask = async |(number, query): (usize, &Vector)| {
            if number % 2 == 0 { self.ask_rest(number, query).await } else { self.ask_grpc(query).await }
        };
        futures_util::stream::iter(queries.iter().enumerate()).map(ask).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }

    async fn ask_rest(&self, user: usize, query: &Vector) {
        let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
        let answer = request.header("x-user-id", format!("user-{user}")).json(&question(query)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "a user saw a failure");
        answer.bytes().await.expect("all of it");
    }

    async fn ask_grpc(&self, query: &Vector) {
        let asked = QueryPointsBuilder::new("docs").query(Query::from(query.clone())).limit(DEPTH);
        let answer = self.grpc.query(asked).await.expect("a user saw a failure");
        assert_eq!(answer.result.len() as u64, DEPTH);
    }

    /// What a collection answers by itself, in order.
    async fn direct(&self, collection: &str, query: &Vector) -> Vec<u64> {
        let url = format!("{}/collections/{collection}/points/query", self.upstream.rest);
        let answer = send(&self.pointsman.http, Method::POST, &url, &question(query)).await;
        let points = answer["result"]["points"].as_array().expect("a list");
        points.iter().map(|point| point["id"].as_u64().expect("an id")).collect()
    }

    /// How alike two collections answer: the mean overlap, and the share with the same hit at the top.
    async fn expected(&self, one: &str, other: &str, queries: &[Vector]) -> (f64, f64) {
        let alike = async |query: &Vector| {
            let (one, other) = (self.direct(one, query).await, self.direct(other, query).await);
            let common = one.iter().collect::<HashSet<_>>().intersection(&other.iter().collect()).count();
            (common as f64 / DEPTH as f64, f64::from(u8::from(one.first() == other.first())))
        };
        let all: Vec<(f64, f64)> = futures_util::stream::iter(queries).map(alike).buffer_unordered(AT_ONCE).collect().await;
        let mean = |part: fn(&(f64, f64)) -> f64| all.iter().map(part).sum::<f64>() / all.len() as f64;
        (mean(|(overlap, _)| *overlap), mean(|(_, top)| *top))
    }

    /// Returns when what has been counted so far is on disk: a replica writes it down after each of its reports.
    async fn written_down(&self) {
        for _ in 0..2 {
            self.reported().await;
        }
    }

    /// Returns after the next report of this replica: from then on the last one is younger than it was.
    async fn reported(&self) {
        let age = |status: &Value| status["store"]["replicas"][0]["age_seconds"].as_f64().expect("it has reported");
        let mut oldest = age(&self.pointsman.status().await);
        let reported = async {
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                let now = age(&self.pointsman.status().await);
                if now < oldest {
                    return;
                }
                oldest = now;
            }
        };
        tokio::time::timeout(PATIENCE, reported).await.expect("it reports every second");
    }

    async fn kill(&mut self, extra: &str) {
        self.pointsman.child.kill().await.expect("it is ours");
        self.pointsman = Pointsman::start(&self.upstream, extra).await;
        self.grpc = client(&self.pointsman);
    }
}

fn question(query: &Vector) -> Value {
    json!({"query": query, "limit": DEPTH})
}

/// A row of the report.
fn row<'r>(report: &'r Value, list: &str, field: &str, name: &str) -> &'r Value {
    let rows = report[list].as_array().expect("a list");
    rows.iter().find(|row| row[field] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

/// A measure of the shadow.
fn measured(report: &Value, measure: &str) -> f64 {
    row(report, "measures", "measure", measure)["shadow"]["value"].as_f64().unwrap_or_else(|| panic!("no {measure} in {report:#}"))
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-5
}
