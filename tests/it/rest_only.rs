//! Only Qdrant's REST port can be reached, as behind an HTTP ingress: aliases are listed and moved over REST.

use pointsman_sandbox::{Sandbox, SandboxOptions};
use reqwest::Method;
use serde_json::json;

use crate::house::{Pointsman, Upstream, alias, collection, get, origin, query, send};
use crate::peer::refusing_port;

/// The port for gRPC is one that refuses connections.
async fn rest_alone() -> Upstream {
    let options = SandboxOptions { grpc_addr: None, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.expect("a free port");
    let rest = format!("http://{}", sandbox.rest_addr);
    for name in ["docs_v1", "docs_v2"] {
        collection(&rest, name).await;
    }
    alias(&rest, "docs", "docs_v1").await;
    Upstream { grpc: format!("http://{}", refusing_port()), rest, sandbox: Some(sandbox), ca_file: None }
}

async fn answered_by(pointsman: &Pointsman) -> String {
    let asked = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "7").json(&query());
    origin(&asked.send().await.expect("an answer").json().await.expect("JSON"))
}

async fn until(pointsman: &Pointsman, path: &str, state: &str) {
    let reached = async {
        while get(&pointsman.http, &pointsman.admin(path)).await["state"] != state {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let ended = tokio::time::timeout(crate::house::PATIENCE, reached).await;
    assert!(ended.is_ok(), "{:#}", get(&pointsman.http, &pointsman.admin(path)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_split_works_and_the_status_says_how_aliases_are_listed() {
    let upstream = rest_alone().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    assert_eq!(pointsman.status().await["listing"]["protocol"], "rest");
    pointsman.split("docs", "docs_v2", 0, 1).await;
    assert_eq!(answered_by(&pointsman).await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_is_made_moved_and_deleted() {
    let upstream = rest_alone().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let moved = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/aliases/docs/switch"), &json!({"collection": "docs_v2"})).await;
    assert_eq!((&moved["previous"], &moved["collection"]), (&json!("docs_v1"), &json!("docs_v2")), "{moved}");
    assert_eq!(answered_by(&pointsman).await, "docs_v2");
    send(&pointsman.http, Method::PUT, &pointsman.admin("/v1/aliases/news"), &json!({"collection": "docs_v1"})).await;
    send(&pointsman.http, Method::DELETE, &pointsman.admin("/v1/aliases/docs"), &json!(null)).await;
    let listed = get(&pointsman.http, &format!("{}/aliases", upstream.rest)).await;
    assert_eq!(listed["result"]["aliases"], json!([{"alias_name": "news", "collection_name": "docs_v1"}]), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_comes_to_its_end() {
    let upstream = rest_alone().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let spec = json!({
        "alias": "docs", "collection": "docs_v2", "check_interval": "1s", "warm_up": "0s", "watch": "0s", "guards": [],
        "stages": [{"percentage": 50, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
    });
    let made = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/canaries"), &spec).await;
    let path = format!("/v1/canaries/{}", made["id"].as_str().expect("it has an id"));
    until(&pointsman, &path, "stepping").await;
    send(&pointsman.http, Method::POST, &pointsman.admin(&format!("{path}/promote")), &json!({})).await;
    until(&pointsman, &path, "completed").await;
    assert_eq!(answered_by(&pointsman).await, "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_grpc_it_is_grpc() {
    let upstream = Upstream::sandbox().await;
    let pointsman = Pointsman::start(&upstream, "").await;
    assert_eq!(pointsman.status().await["listing"]["protocol"], "grpc");
}
