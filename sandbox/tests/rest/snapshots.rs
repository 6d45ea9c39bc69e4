//! Snapshots: made, listed, fetched, brought back, refused.

use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::Server;

async fn snapshot(server: &Server) -> Value {
    server.ok("POST", "/collections/docs/snapshots", Value::Null).await
}

async fn count(server: &Server, name: &str) -> Value {
    let path = format!("/collections/{name}/points/count");
    server.ok("POST", &path, json!({"exact": true})).await["count"].clone()
}

#[tokio::test]
async fn a_snapshot_is_listed_fetched_whole_or_in_part_and_deleted() {
    let server = Server::with_points().await;
    let made = snapshot(&server).await;
    let name = made["name"].as_str().expect("a name").to_owned();
    assert!(name.starts_with("docs-1-") && name.ends_with(".snapshot"), "{name}");
    assert_eq!(server.get("/collections/docs/snapshots").await, json!([made]));

    let url = server.url(&format!("/collections/docs/snapshots/{name}"));
    let whole = server.client.get(&url).send().await.expect("an answer");
    assert_eq!(whole.headers()["content-disposition"], format!("attachment; filename=\"{name}\""));
    let whole = whole.bytes().await.expect("a body");
    assert_eq!(made["size"], whole.len());
    let digest: String = Sha256::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(made["checksum"], digest);
    let part = server.client.get(&url).header("range", "bytes=10-19").send().await.expect("an answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.expect("a body"), whole.slice(10..20));

    let path = format!("/collections/docs/snapshots/{name}");
    assert_eq!(server.ok("DELETE", &path, Value::Null).await, true);
    assert_eq!(server.fails("GET", &path, Value::Null).await.0, 404);
    assert_eq!(server.get("/collections/docs/snapshots").await, json!([]));
}

#[tokio::test]
async fn recovery_makes_a_new_collection_that_goes_on_living() {
    let server = Server::with_points().await;
    let name = snapshot(&server).await["name"].clone();
    let location = server.url(&format!("/collections/docs/snapshots/{}", name.as_str().expect("a name")));
    server.ok("PUT", "/collections/copy/snapshots/recover", json!({"location": location})).await;
    assert_eq!(count(&server, "copy").await, 10);
    let change = json!({"payload": {"n": "changed"}, "points": [1]});
    server.ok("POST", "/collections/copy/points/payload?wait=true", change).await;
    let at = |collection: &str| format!("/collections/{collection}/points/1");
    assert_eq!(server.get(&at("copy")).await["payload"]["n"], "changed");
    assert_eq!(server.get(&at("docs")).await["payload"]["n"], 1);
}

#[tokio::test]
async fn an_upload_through_an_alias_replaces_its_target() {
    let server = Server::with_points().await;
    let made = snapshot(&server).await;
    let path = format!("/collections/docs/snapshots/{}", made["name"].as_str().expect("a name"));
    let archive = server.client.get(server.url(&path)).send().await.expect("an answer").bytes().await.expect("a body");
    server.ok("POST", "/collections/docs/points/delete?wait=true", json!({"points": [1, 2, 3]})).await;
    let alias = json!({"actions": [{"create_alias": {"alias_name": "al", "collection_name": "docs"}}]});
    server.ok("POST", "/collections/aliases", alias).await;

    let upload = |query: String, archive: Vec<u8>| {
        let form = Form::new().part("snapshot", Part::bytes(archive).file_name("docs.snapshot"));
        let url = server.url(&format!("/collections/al/snapshots/upload?{query}"));
        server.client.post(url).multipart(form).send()
    };
    let wrong = upload("checksum=00".to_owned(), archive.to_vec()).await.expect("an answer");
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert_eq!(count(&server, "docs").await, 7);
    let broken = upload(String::new(), b"not an archive".to_vec()).await.expect("an answer");
    assert!(!broken.status().is_success());
    assert_eq!(count(&server, "docs").await, 7);
    let right = format!("checksum={}", made["checksum"].as_str().expect("a checksum"));
    let uploaded = upload(right, archive.to_vec()).await.expect("an answer");
    assert_eq!(uploaded.status(), StatusCode::OK);
    assert_eq!(count(&server, "docs").await, 10);
}

#[tokio::test]
async fn recovery_refuses_what_does_not_fit() {
    let server = Server::with_points().await;
    let name = snapshot(&server).await["name"].as_str().expect("a name").to_owned();
    let location = server.url(&format!("/collections/docs/snapshots/{name}"));
    let other = json!({"vectors": {"size": 9, "distance": "Dot"}});
    server.ok("PUT", "/collections/other", other).await;
    let outside = tempfile::NamedTempFile::new().expect("a file");
    let cases = [
        (json!({"location": location}), 400, "Snapshot is not compatible with existing collection"),
        (json!({"location": format!("file://{}", outside.path().display())}), 403, "must be inside the snapshots directory"),
        (json!({"location": "file:///nowhere/at/all"}), 400, "does not exist"),
        (json!({"location": "ftp://host/file"}), 400, "use file:// or http://"),
        (json!({"location": server.url("/collections/docs/snapshots/none.snapshot")}), 400, "404"),
        (json!({"location": location, "checksum": "00"}), 400, "Snapshot checksum mismatch"),
    ];
    for (body, status, text) in cases {
        let (found, error) = server.fails("PUT", "/collections/other/snapshots/recover", body).await;
        assert_eq!(found, status, "{error}");
        assert!(error.contains(text), "{error}");
    }
}

#[tokio::test]
async fn without_waiting_the_answer_is_202() {
    let server = Server::with_points().await;
    let (status, answer) = server.call("POST", "/collections/docs/snapshots?wait=false", Value::Null).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(answer["status"], "accepted");
    assert_eq!(answer.get("result"), None);
}
