//! What applications may not do to a split alias through the data ports, on both protocols, and what they still may.

use std::io::Write;
use std::time::Duration;

use pointsman_sandbox::requests::Filter;
use prost::Message;
use qdrant_client::Qdrant;
use qdrant_client::qdrant::{CreateAliasBuilder, DeleteCollection, RenameAliasBuilder};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::Code;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, client, collection, get, send};
use crate::wire;

const UPDATE: &str = "/collections/aliases";

async fn split() -> (Upstream, Pointsman, Qdrant) {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2", "free"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    alias(&upstream.rest, "other", "free").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    pointsman.split("docs", "docs_v2", 90, 10).await;
    let grpc = client(&pointsman);
    (upstream, pointsman, grpc)
}

/// How many deletions and alias changes have reached the upstream since the house was built.
fn reached(upstream: &Upstream) -> usize {
    let count = |operation: &str| upstream.engine().log.count(&Filter { operation: Some(operation.to_owned()), ..Filter::default() });
    count("DELETE /collections/{") + count("Collections/Delete") + count(UPDATE) + count("UpdateAliases")
}

#[track_caller]
fn refused(status: &tonic::Status, owner: &str) {
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    assert!(status.message().contains(owner), "{status}");
    assert_eq!(status.metadata().get("x-pointsman-error").and_then(|slug| slug.to_str().ok()), Some("guarded"));
}

fn status(error: qdrant_client::QdrantError) -> tonic::Status {
    match error {
        qdrant_client::QdrantError::ResponseError { status } => status,
        other => panic!("{other}"),
    }
}

fn covering() -> Value {
    json!({"actions": [
        {"delete_alias": {"alias_name": "nobody"}},
        {"rename_alias": {"old_alias_name": "other", "new_alias_name": "docs_v2"}},
    ]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_hurt_a_split_is_refused_without_an_upstream_call() {
    let (upstream, pointsman, grpc) = split().await;
    let before = reached(&upstream);
    for name in ["docs_v1", "docs_v2"] {
        let answer = pointsman.http.delete(pointsman.rest(&format!("/collections/{name}"))).send().await.expect("an answer");
        assert_eq!((answer.status(), &answer.headers()["x-pointsman-error"]), (StatusCode::CONFLICT, &"guarded".parse().expect("a value")));
        let body: Value = answer.json().await.expect("JSON");
        assert!(body["status"]["error"].as_str().is_some_and(|error| error.contains("the route of `docs`")), "{body}");
        refused(&status(grpc.delete_collection(name).await.expect_err("it is guarded")), "the route of `docs`");
    }
    let answer = pointsman.http.post(pointsman.rest(UPDATE)).json(&covering()).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(covering().to_string())]));
    let answer = pointsman.http.post(pointsman.rest(UPDATE)).body(chunked).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let rename = grpc.rename_alias(RenameAliasBuilder::new("other", "docs_v2")).await;
    refused(&status(rename.expect_err("it would cover a variant")), "collection `docs_v2`");
    assert_eq!(reached(&upstream), before, "a refused change reached the upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_checked_is_refused_while_anything_is_guarded() {
    let (upstream, pointsman, _grpc) = split().await;
    let before = reached(&upstream);
    let large = json!({"actions": [], "padding": "x".repeat(100 << 10)});
    for guarded in [true, false] {
        if !guarded {
            let request = pointsman.http.delete(pointsman.admin("/v1/routes/docs")).header("if-match", "*");
            assert!(request.send().await.expect("an answer").status().is_success());
        }
        let answer = pointsman.http.post(pointsman.rest(UPDATE)).json(&large).send().await.expect("an answer");
        assert_eq!(answer.status() == StatusCode::CONFLICT, guarded, "{}", answer.status());
        assert_eq!(reached(&upstream) == before, guarded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_else_goes_through_and_so_does_everything_once_the_route_is_gone() {
    let (_upstream, pointsman, grpc) = split().await;
    let url = pointsman.rest(UPDATE);
    send(&pointsman.http, Method::POST, &url, &json!({"actions": [{"create_alias": {"alias_name": "new", "collection_name": "free"}}]}))
        .await;
    let action = json!({"actions": [{"rename_alias": {"old_alias_name": "new", "new_alias_name": "newer"}}]}).to_string();
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(action)]));
    let answer = pointsman.http.post(&url).body(chunked).header("content-type", "application/json").send().await.expect("an answer");
    assert!(answer.status().is_success(), "a body that was looked into goes on whole: {:?}", answer.text().await);
    grpc.create_alias(CreateAliasBuilder::new("free", "newest")).await.expect("nobody is hurt");
    grpc.delete_alias("newest").await.expect("nobody is hurt");
    grpc.delete_collection("free").await.expect("nobody is hurt");

    let request = pointsman.http.delete(pointsman.admin("/v1/routes/docs")).header("if-match", "*");
    assert!(request.send().await.expect("an answer").status().is_success());
    send(&pointsman.http, Method::DELETE, &pointsman.rest("/collections/docs_v2"), &json!(null)).await;
    grpc.delete_collection("docs_v1").await.expect("nobody is hurt any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_guards_its_alias_and_both_its_collections_until_it_ends() {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2", "docs_v3"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let grpc = client(&pointsman);
    let spec = json!({"alias": "docs", "collection": "docs_v2"});
    let made = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/canaries"), &spec).await;
    let id = made["id"].as_str().expect("it has an id");
    let stepping = async {
        while get(&pointsman.http, &pointsman.admin(&format!("/v1/canaries/{id}"))).await["state"] != "stepping" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stepping).await.expect("the pre-checks pass");
    let before = reached(&upstream);
    let owner = format!("the canary `{id}`");
    for name in ["docs_v1", "docs_v2"] {
        refused(&status(grpc.delete_collection(name).await.expect_err("it is guarded")), &owner);
    }
    refused(&status(grpc.delete_alias("docs").await.expect_err("it is guarded")), &owner);
    let switch = json!({"actions": [
        {"delete_alias": {"alias_name": "docs"}},
        {"create_alias": {"alias_name": "docs", "collection_name": "docs_v3"}},
    ]});
    let answer = pointsman.http.post(pointsman.rest(UPDATE)).json(&switch).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(reached(&upstream), before, "a refused change reached the upstream");
    grpc.delete_collection("docs_v3").await.expect("nobody is hurt");

    send(&pointsman.http, Method::POST, &pointsman.admin(&format!("/v1/canaries/{id}/abort")), &json!({})).await;
    let free = async {
        while grpc.delete_collection("docs_v2").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("nothing is guarded any more");
}

/// What one reader understands and another one may not must not decide whether a guard looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_for_certain_is_refused() {
    let (upstream, pointsman, _) = split().await;
    let before = reached(&upstream);
    let rename = r#"{"rename_alias": {"old_alias_name": "other", "new_alias_name": "docs_v2"}}"#;
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    for body in [
        format!(r#"{{"actions": [{rename}], "x": 1e999}}"#).into_bytes(),
        format!(r#"{{"x": {deep}, "actions": [{rename}]}}"#).into_bytes(),
        [br#"{"x": ""#.as_slice(), &[0xff, 0xfe], format!(r#"", "actions": [{rename}]}}"#).as_bytes()].concat(),
        format!(r#"{{"actions": [], "actions": [{rename}]}}"#).into_bytes(),
        format!(r#"{{"actions": [{{"create_alias": 7, {}]}}"#, &rename[1..]).into_bytes(),
        b"{\"actions\": [".to_vec(),
    ] {
        let text = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let request = pointsman.http.post(pointsman.rest(UPDATE)).header("content-type", "application/json").body(body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(
            (answer.status(), &answer.headers()["x-pointsman-error"]),
            (StatusCode::CONFLICT, &"guarded".parse().expect("a value")),
            "{text}"
        );
    }
    let delete = |name: &str| DeleteCollection { collection_name: name.to_owned(), timeout: None }.encode_to_vec();
    // Field 15, which Qdrant does not know and passes over.
    let padding = |length: usize| {
        let mut field = vec![0x7a];
        prost::encode_length_delimiter(length, &mut field).expect("a vector takes all");
        field.resize(field.len() + length, b'x');
        field
    };
    for hidden in [100, 300_000] {
        let message = [delete("free"), padding(hidden), delete("docs_v2")].concat();
        let plain = wire::frame(0, u32::try_from(message.len()).expect("short"), &message);
        let ended = wire::call(pointsman.grpc, "qdrant.Collections/Delete", &[], plain).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-error")), ("9", Some("guarded")), "{hidden} bytes between two names");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&message).expect("memory takes it");
        let message = gzip.finish().expect("memory takes it");
        let compressed = wire::frame(1, u32::try_from(message.len()).expect("short"), &message);
        let ended = wire::call(pointsman.grpc, "qdrant.Collections/Delete", &[("grpc-encoding", "gzip")], compressed).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-error")), ("9", Some("guarded")), "{hidden} bytes, compressed");
    }
    assert_eq!(reached(&upstream), before, "nothing of it reached the upstream");
}
