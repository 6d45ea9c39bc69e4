//! What stands around the JSON: paths, keys, compression, limits.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use pointsman_sandbox::{QDRANT_VERSION, SandboxOptions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn the_front_page_names_the_version_and_the_sandbox() {
    let server = Server::start().await;
    let (status, page) = server.call("GET", "/", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(page["version"], QDRANT_VERSION);
    let title = page["title"].as_str().unwrap_or_default();
    assert!(title.starts_with("qdrant - ") && title.contains("sandbox"), "{title}");
    for path in ["/healthz", "/livez", "/readyz"] {
        let answer = server.client.get(server.url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn slashes_are_forgiven_and_unknown_paths_are_not() {
    let server = Server::start().await;
    server.create("docs").await;
    server.get("//collections///docs/").await;
    server.get("/collections/docs/exists/?unknown=1").await;
    let unknown = [("GET", "/nope"), ("POST", "/collections"), ("GET", "/collections/docs/nope"), ("HEAD", "/"), ("PATCH", "/readyz")];
    for (method, path) in unknown {
        let method: Method = method.parse().expect("a method");
        let answer = server.client.request(method, server.url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.text().await.expect("a body"), "", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let server = Server::start().await;
    for (method, path) in [
        ("GET", "/snapshots"),
        ("POST", "/collections/x/shards/0/points/count"),
        ("PUT", "/collections/x/shards"),
        ("GET", "/collections/x/shards/0/snapshots/y"),
    ] {
        let (status, text) = server.fails(method, path, Value::Null).await;
        assert_eq!(status, 501, "{path}");
        assert!(text.contains("Not served by the sandbox"), "{text}");
    }
}

#[tokio::test]
async fn a_key_is_asked_for_where_one_is_set() {
    let server = Server::start_with(SandboxOptions { api_key: Some("secret".to_owned()), ..SandboxOptions::default() }).await;
    let cases = [
        (None, None, 401),
        (Some("secret"), None, 200),
        (Some("wrong"), Some("Bearer secret"), 401),
        (None, Some("Bearer secret"), 200),
        (None, Some("bearer secret"), 401),
    ];
    for (key, bearer, status) in cases {
        let mut request = server.client.get(server.url("/collections"));
        if let Some(key) = key {
            request = request.header("api-key", key);
        }
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{key:?} {bearer:?}");
        if status == 401 {
            let text = answer.text().await.expect("a body");
            assert!(!text.starts_with('{'), "{text}");
        }
    }
    for path in ["/", "/healthz", "/readyz", "/livez"] {
        let answer = server.client.get(server.url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn gzip_works_both_ways() {
    let server = Server::with_points().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(br#"{"exact": true}"#).expect("memory");
    let body = encoder.finish().expect("memory");
    let url = server.url("/collections/docs/points/count");
    let request = server.client.post(&url).header("content-encoding", "gzip").header("accept-encoding", "gzip").body(body);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    // The client unpacks an answer only when it asked by itself.
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    let packed = answer.bytes().await.expect("a body");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut text).expect("gzip");
    assert!(text.contains(r#""count":10"#), "{text}");
}

#[tokio::test]
async fn bodies_above_the_limit_are_refused_decoded_or_not() {
    let server = Server::start().await;
    server.create("docs").await;
    let large = vec![b' '; 33 * 1024 * 1024];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&large).expect("memory");
    let packed = encoder.finish().expect("memory");
    for (encoding, body) in [("identity", large), ("gzip", packed)] {
        let request = server.client.put(server.url("/collections/docs/points"));
        let answer = request.header("content-encoding", encoding).body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{encoding}");
        let text = answer.text().await.expect("a body");
        assert!(text.contains("has exceeded limit (33554432 bytes)"), "{encoding}: {text}");
    }
}

#[tokio::test]
async fn parameters_are_read_as_qdrant_reads_them() {
    let server = Server::with_points().await;
    let body = json!({"points": [{"id": 1, "vector": [1, 1]}]});
    let (status, text) = server.fails("PUT", "/collections/docs/points?wait=maybe", body.clone()).await;
    assert_eq!(status, 400);
    assert!(text.starts_with("Deserialize error in query parameters: "), "{text}");
    let (status, text) = server.fails("PUT", "/collections/docs/points?timeout=0", body).await;
    assert_eq!(status, 422);
    assert_eq!(text, "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]");
    let (status, text) = server.fails("POST", "/collections/docs/points/count", Value::Null).await;
    assert_eq!(status, 400);
    assert!(text.starts_with("Format error in JSON body: EOF"), "{text}");
    let (status, text) = server.fails("GET", "/collections/docs/points/no-id", Value::Null).await;
    assert_eq!(status, 400, "{text}");
}

#[tokio::test]
async fn large_upserts_pass() {
    let server = Server::start().await;
    server.ok("PUT", "/collections/big", json!({"vectors": {"size": 512, "distance": "Dot"}})).await;
    let vector = vec![0.123_456_f32; 512];
    let points: Vec<Value> = (0..2500).map(|id| json!({"id": id, "vector": vector})).collect();
    server.ok("PUT", "/collections/big/points?wait=true", json!({"points": points})).await;
    let count = server.ok("POST", "/collections/big/points/count", json!({"exact": true})).await;
    assert_eq!(count["count"], 2500);
}
