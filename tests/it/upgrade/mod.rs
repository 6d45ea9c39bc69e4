//! A store that the version before wrote, taken over by replicas of this one while others of the version before may still run.
//!
//! `before.json` is an export of a running Pointsman 0.1.0 of the commit before documents carried versions: one document of each
//! kind, made through its admin API.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};
use crate::postgres::Cluster;

const BEFORE: &str = include_str!("before.json");

/// Where the documents of a noun are shown.
const NOUNS: [(&str, &str); 5] = [
    ("canary", "canaries"),
    ("experiment", "experiments"),
    ("shadow", "shadows"),
    ("deployment", "deployments"),
    ("retirement", "retirements"),
];

fn before() -> Value {
    serde_json::from_str(BEFORE).expect("it is JSON")
}

fn id_of(kind: &str) -> String {
    let documents = before()["documents"].as_array().expect("a list").clone();
    let found = documents.into_iter().find(|document| document["kind"] == kind).expect("one of each kind");
    found["id"].as_str().expect("text").to_owned()
}

/// The Qdrant that these documents are about, as far as nothing has to be made first.
async fn qdrant() -> Upstream {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2", "news_v1", "news_v2", "shop_v1", "shop_v2", "wiki_v1", "wiki_v2", "logs_v1", "logs_v3", "old_v1"] {
        collection(&upstream.rest, name).await;
    }
    for (name, target) in [("docs", "docs_v2"), ("news", "news_v1"), ("shop", "shop_v1"), ("wiki", "wiki_v1"), ("logs", "logs_v1")] {
        alias(&upstream.rest, name, target).await;
    }
    upstream
}

fn import(database: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("before.json");
    std::fs::write(&file, BEFORE).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    let imported = command.args(["store", "--store-url", database, "import"]).arg(&file).current_dir(folder.path()).output();
    let imported = imported.expect("the binary runs");
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_take_over_a_store_of_the_version_before_one_after_the_other() {
    let (database, upstream) = (Cluster::shared().database(), qdrant().await);
    import(&database);
    let store = format!("store: {{url: \"{database}\"}}");
    let one = Pointsman::start(&upstream, &store).await;
    for (kind, path) in NOUNS {
        let id = id_of(kind);
        assert_eq!(get(&one.http, &one.admin(&format!("/v1/{path}/{id}"))).await["id"], id.as_str());
    }
    let route = get(&one.http, &one.admin("/v1/routes/docs")).await;
    assert_eq!(route["variants"][1]["collection"], "docs_v2");

    // The next replica comes while the first one changes what both hold.
    let canary = id_of("canary");
    let aborted =
        send(&one.http, Method::POST, &one.admin(&format!("/v1/canaries/{canary}/abort")), &json!({"reason": "an upgrade"})).await;
    assert_ne!(aborted["state"], Value::Null, "{aborted:#}");
    let other = Pointsman::start(&upstream, &store).await;
    let ended = ["aborted", "rolled_back", "failed"];
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let shown = get(&other.http, &other.admin(&format!("/v1/canaries/{canary}"))).await;
        if ended.contains(&shown["state"].as_str().unwrap_or_default()) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{shown:#}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let weights = json!({"weights": {"stable": 50.0, "candidate": 50.0}});
    let path = other.admin("/v1/routes/docs/weights");
    let changed = other.http.patch(path).header("if-match", "*").json(&weights).send().await.expect("an answer");
    assert!(changed.status().is_success(), "{}", changed.text().await.unwrap_or_default());
}
