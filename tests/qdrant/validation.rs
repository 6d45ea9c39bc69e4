//! Validation queries, text among them, and readiness.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Json;
use axum::routing::post;
use http::HeaderMap;
use pointsman::qdrant::{Embedder, EmbedderSettings, NotReadyInTime, ReadyWhen, Validated, Validation, ValidationQuery};
use serde_json::{Value, json};

use crate::house::{House, PATIENCE};

/// Points on a line, near the origin first.
async fn house() -> House {
    let house = House::start().await;
    house.create("docs", json!({"vectors": {"near": {"size": 2, "distance": "Euclid"}, "like": {"size": 2, "distance": "Cosine"}}})).await;
    let points: Vec<_> = (1..=20).map(|id| json!({"id": id, "vector": {"near": [id, 0], "like": [id, 20 - id]}})).collect();
    house.upsert("docs", &points).await;
    house
}

async fn validate(house: &House, queries: Value, embedder: Option<&Embedder>) -> Validation {
    let queries: Vec<ValidationQuery> = serde_json::from_value(queries).expect("queries");
    let schema = house.client.describe("docs").await.expect("a description").schema;
    house.client.validate("docs", &schema, &queries, embedder).await
}

#[tokio::test]
async fn queries_of_every_kind_are_asked_and_judged_by_their_metric() {
    let house = house().await;
    let queries = json!([
        {"query": {"vector": [0, 0]}, "using": "near", "expect": {"min_results": 5, "top_score": 1.5, "required_ids": [1, 2]}},
        {"query": {"vector": [0, 0]}, "using": "near", "expect": {"top_score": 0.5}},
        {"query": {"vector": [1, 0]}, "using": "like", "expect": {"top_score": 0.99, "required_ids": [20]}},
        {"query": {"point": 20}, "using": "like", "limit": 3, "expect": {"min_results": 3}},
        {"query": {"point": 20}, "using": "like", "limit": 3, "expect": {"min_results": 4}},
        {"name": "whole", "query": {"body": {"query": [0, 0], "using": "near", "limit": 1}}, "expect": {"top_score": 1.0}},
        {"query": {"vector": [0, 0, 0]}, "using": "near"},
    ]);
    let validation = validate(&house, queries, None).await;
    assert_eq!(validation.outcome, Validated::Failed);
    let passed: Vec<bool> = validation.results.iter().map(|result| result.passed).collect();
    assert_eq!(passed, [true, false, true, true, false, true, false], "{validation:?}");
    let reason = |place: usize| validation.results[place].failures[0].reason.as_str();
    assert_eq!(reason(1), "the smallest distance is 1, at most 0.5 expected");
    assert_eq!(reason(4), "3 results, at least 4 expected");
    assert!(reason(6).contains("expected dim: 2, got 3"), "{}", reason(6));
    assert_eq!((validation.results[5].name.as_str(), validation.results[0].name.as_str()), ("whole", "query 0"));
    assert_eq!(validate(&house, json!([]), None).await.outcome, Validated::NotValidated);
}

/// An embeddings service that knows one key, and embeds every text alike.
async fn service() -> SocketAddr {
    let embed = async |headers: HeaderMap, Json(request): Json<Value>| {
        if headers.get("authorization").is_none_or(|key| key != "Bearer sesame") {
            return (http::StatusCode::UNAUTHORIZED, Json(json!({"error": {"message": "wrong key"}})));
        }
        let known = request["model"] == "small" && request["input"] == json!(["hello"]);
        let data = if known { json!([{"index": 0, "embedding": [0.0, 0.0]}]) } else { json!([]) };
        (http::StatusCode::OK, Json(json!({"object": "list", "data": data})))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let app = axum::Router::new().route("/v1/embeddings", post(embed));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn embedder(url: String, key: &str) -> Embedder {
    let settings = EmbedderSettings { shown: url.clone(), url, model: "small".to_owned(), key: Some(key.to_owned()), timeout: PATIENCE };
    Embedder::new(&settings).expect("an embedder")
}

#[tokio::test]
async fn texts_are_embedded_or_refused() {
    let house = house().await;
    let queries = json!([{"query": {"text": "hello"}, "using": "near", "expect": {"top_score": 1.0, "required_ids": [1]}}]);
    let refused = validate(&house, queries.clone(), None).await;
    assert_eq!(refused.outcome, Validated::Failed);
    assert!(refused.results[0].failures[0].reason.contains("none is configured"), "{refused:?}");

    let url = format!("http://{}", service().await);
    let right = embedder(url.clone(), "sesame");
    assert_eq!(validate(&house, queries.clone(), Some(&right)).await.outcome, Validated::Passed);
    let failed = validate(&house, queries, Some(&embedder(format!("{url}/v1/"), "barley"))).await;
    let reason = &failed.results[0].failures[0].reason;
    assert!(reason.contains("401") && reason.contains("wrong key") && !reason.contains("barley"), "{reason}");
    let odd = right.embed("something else").await.expect_err("no vector comes back");
    assert!(odd.to_string().contains("0 vectors for one text"), "{odd}");
    let settings = EmbedderSettings {
        url: "ftp://nowhere".into(),
        shown: "ftp://nowhere".into(),
        model: "m".into(),
        key: Some("hidden".into()),
        timeout: PATIENCE,
    };
    assert!(!format!("{settings:?}").contains("hidden"));
    assert!(Embedder::new(&settings).is_err());
}

#[tokio::test]
async fn readiness_is_awaited_and_its_lack_explained() {
    let house = house().await;
    let tick = Duration::from_millis(10);
    let rule = ReadyWhen::default();
    let ready = house.client.wait_until_ready("docs", &rule, tick, PATIENCE).await.expect("it is ready");
    assert_eq!((ready.status.as_str(), ready.points_count), ("green", 20));

    house.fault("docs", json!({"status": "yellow"}));
    let late = house.client.wait_until_ready("docs", &rule, tick, tick * 5).await.expect_err("it is yellow");
    assert!(matches!(&late, NotReadyInTime::Reasons { reasons, .. } if reasons[0].contains("yellow")), "{late}");
    house.fault("docs", json!({"errors": [{"status": 503, "share": 1.0}]}));
    let late = house.client.wait_until_ready("docs", &rule, tick, tick * 5).await.expect_err("nobody knows");
    assert!(matches!(late, NotReadyInTime::Failed { .. }), "{late}");
    let gone = house.client.wait_until_ready("nobody", &rule, tick, PATIENCE).await.expect_err("there is none");
    assert!(gone.to_string().contains("404"), "{gone}");

    assert!(house.client.is_ready().await.expect("an answer"));
    assert_eq!(house.client.version().await.expect("an answer"), "1.18.2");
    house.fault("*", json!({"connection": "stall"}));
    assert!(house.impatient().is_ready().await.is_err());
}
