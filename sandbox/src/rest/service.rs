//! Calls about the server itself.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::answer;
use super::call::Call;
use crate::{QDRANT_VERSION, Shared, TITLE};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(version))
        .route("/healthz", get(|| async { "healthz check passed" }))
        .route("/livez", get(|| async { "healthz check passed" }))
        .route("/readyz", get(|| async { "all shards are ready" }))
        .route("/metrics", get(metrics))
        .route("/telemetry", get(telemetry))
        .route("/issues", get(issues))
        .route("/cluster", get(cluster))
}

async fn version() -> Response {
    answer::json(StatusCode::OK, &json!({"title": TITLE, "version": QDRANT_VERSION}))
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let collections = shared.store.list().len();
    let text = format!(
        "# HELP app_info information about qdrant server\n# TYPE app_info gauge\n\
         app_info{{name=\"qdrant\",version=\"{QDRANT_VERSION}\"}} 1\n\
         # HELP collections_total number of collections\n# TYPE collections_total gauge\n\
         collections_total {collections}\n"
    );
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn telemetry(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, _| {
        Ok(json!({
            "id": "00000000-0000-0000-0000-000000000000",
            "app": {"name": "qdrant", "version": QDRANT_VERSION},
            "collections": {"number_of_collections": store.list().len()},
        }))
    })
    .await
}

async fn issues(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |_, _| Ok(json!({"issues": []}))).await
}

async fn cluster(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |_, _| Ok(json!({"status": "disabled"}))).await
}
