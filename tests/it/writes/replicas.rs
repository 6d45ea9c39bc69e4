//! Two replicas on one PostgreSQL: each counts what it forwards, and either knows what both have.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{counted, problem, write};
use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};
use crate::postgres::Cluster;

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !reached().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE * 2, waited).await.unwrap_or_else(|_| panic!("{what}: never"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_either_replica_forwards_counts_also_when_it_is_gone() {
    let database = Cluster::shared().database();
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let store = format!("store: {{url: \"{database}\"}}");
    let one = Pointsman::start(&upstream, &store).await;
    let mut other = Pointsman::start(&upstream, &store).await;
    let spec = json!({
        "alias": "docs", "collection": "docs_v2", "check_interval": "300ms",
        "stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
    });
    let made = send(&one.http, Method::POST, &one.admin("/v1/canaries"), &spec).await;
    let path = format!("/v1/canaries/{}", made["id"].as_str().expect("an id"));
    for (replica, first, count) in [(&one, 1_000, 3), (&other, 2_000, 2)] {
        for id in first..first + count {
            write(replica, "docs", id).await;
        }
    }
    // Each hears of the other's counts.
    for replica in [&one, &other] {
        counted(replica, "docs_v1", 5).await;
        let shown = async || get(&replica.http, &replica.admin(&path)).await["lost_if_promoted"]["acknowledged"].clone();
        until("both know all of it", async || shown().await == 5).await;
    }
    // Killed, it takes no count along; that it may have forwarded more is said.
    other.child.kill().await.expect("it is ours");
    let bound = async || get(&one.http, &one.admin(&path)).await["lost_if_promoted"]["bound"].clone();
    until("its silence is noticed", async || bound().await == "at_least").await;
    let in_a_stage =
        async || ["stepping", "paused"].contains(&get(&one.http, &one.admin(&path)).await["state"].as_str().unwrap_or_default());
    until("the survivor steers", in_a_stage).await;
    let answer = one.http.post(one.admin(&format!("{path}/promote"))).send().await.expect("an answer");
    let (status, refused): (StatusCode, Value) = (answer.status(), answer.json().await.expect("a problem"));
    let detail = problem(status, &refused, 5);
    assert!(detail.contains("at least 5 acknowledged writes"), "{detail}");
}
