//! No acknowledged write is lost without a word: what is counted, what is refused, and what is kept.

mod canary;
mod counting;
mod deployment;
mod experiment;
mod replicas;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, query, send};

/// `docs` points at `docs_v1`; `docs_v2` is there.
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

    /// Writes so many points through Pointsman, one by one; all are acknowledged, and counted when this returns.
    async fn write(&self, name: &str, count: u64) {
        let holder = if name == "docs" { self.target().await } else { name.to_owned() };
        let before = self.writes(&holder).await.0;
        for id in 0..count {
            write(&self.pointsman, name, 1_000 + id).await;
        }
        self.counted(&holder, before + count).await;
    }

    /// Acknowledged writes to a collection, and those of unknown outcome, as Pointsman has counted them.
    async fn writes(&self, collection: &str) -> (u64, u64) {
        writes(&self.pointsman, collection).await
    }

    /// Waits until so many acknowledged writes are counted: the count follows the answer.
    async fn counted(&self, collection: &str, acknowledged: u64) {
        counted(&self.pointsman, collection, acknowledged).await;
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.request(method, self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn show(&self, path: &str) -> Value {
        get(&self.pointsman.http, &self.pointsman.admin(path)).await
    }

    /// What Qdrant's alias points at.
    async fn target(&self) -> String {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        listed["result"]["aliases"][0]["collection_name"].as_str().expect("there is one alias").to_owned()
    }

    /// Sets what is to go wrong with a collection.
    fn fault(&self, collection: &str, fault: &Value) {
        let fault = serde_json::from_value(fault.clone()).expect("a fault");
        self.upstream.engine().faults.set(collection, fault).expect("a valid fault");
    }

    /// Polls a resource until it is as wanted.
    async fn until(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let pause = async || tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        self.until_seen(path, what, wanted, pause).await
    }

    /// The same while users ask, with any answer.
    async fn until_asking(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asking = async || {
            for unit in 0..60 {
                let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
                drop(request.header("x-user-id", format!("user-{unit}")).json(&query()).send().await.expect("an answer"));
            }
        };
        self.until_seen(path, what, wanted, asking).await
    }

    async fn until_seen(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool, mut meanwhile: impl AsyncFnMut()) -> Value {
        let mut last = Value::Null;
        let met = async {
            loop {
                last = self.show(path).await;
                if wanted(&last) {
                    return;
                }
                meanwhile().await;
            }
        };
        let met = tokio::time::timeout(PATIENCE * 2, met).await;
        assert!(met.is_ok(), "{what} never was: {last:#}");
        last
    }
}

/// One acknowledged write.
async fn write(pointsman: &Pointsman, name: &str, id: u64) {
    let body = json!({"points": [{"id": id, "vector": [1.0, 1.0]}]});
    send(&pointsman.http, Method::PUT, &pointsman.rest(&format!("/collections/{name}/points?wait=true")), &body).await;
}

async fn writes(pointsman: &Pointsman, collection: &str) -> (u64, u64) {
    let listed = get(&pointsman.http, &pointsman.admin("/v1/collections?limit=100")).await;
    let of = |item: &Value| item["collection"] == collection;
    let found = listed["items"].as_array().expect("a list").iter().find(|item| of(item)).cloned().unwrap_or_default();
    let count = |field: &str| found["writes"][field].as_u64().unwrap_or_default();
    (count("acknowledged"), count("unknown"))
}

async fn counted(pointsman: &Pointsman, collection: &str, acknowledged: u64) {
    let reached = async {
        while writes(pointsman, collection).await.0 < acknowledged {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    assert!(reached.is_ok(), "{collection}: {:?} of {acknowledged} writes", writes(pointsman, collection).await);
}

/// The detail of a refusal that says how many acknowledged writes would be lost.
#[track_caller]
fn problem(status: StatusCode, refused: &Value, acknowledged: u64) -> String {
    assert_eq!((status, &refused["type"]), (StatusCode::CONFLICT, &json!("urn:pointsman:problem:lost-writes")), "{refused:#}");
    assert_eq!(refused["lost_writes"]["acknowledged"], acknowledged, "{refused:#}");
    let detail = refused["detail"].as_str().expect("it says why").to_owned();
    assert!(detail.contains(&format!("{acknowledged} acknowledged writes")), "{detail}");
    detail
}

fn extend(spec: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().expect("an object") {
        spec[key] = value.clone();
    }
}
