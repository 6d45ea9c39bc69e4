//! Calls that write points, or read them by id, page and count.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use qdrant_edge::PointId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::call::Call;
use super::render;
use crate::Shared;
use crate::engine::{EngineError, EngineResult, UpdateOperation};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/collections/{name}/points", put(upsert).post(retrieve))
        .route("/collections/{name}/points/{id}", get(point))
        .route("/collections/{name}/points/scroll", post(scroll))
        .route("/collections/{name}/points/count", post(count))
        .route("/collections/{name}/points/delete", post(delete))
        .route("/collections/{name}/points/payload", post(set_payload).put(overwrite_payload))
        .route("/collections/{name}/points/payload/delete", post(delete_payload))
        .route("/collections/{name}/points/payload/clear", post(clear_payload))
        .route("/collections/{name}/points/vectors", put(update_vectors))
        .route("/collections/{name}/points/vectors/delete", post(delete_vectors))
        .route("/collections/{name}/points/batch", post(batch))
        .route("/collections/{name}/facet", post(facet))
}

/// One write of the kind the route stands for.
async fn write<T: DeserializeOwned + 'static>(shared: Shared, call: Call, kind: fn(T) -> UpdateOperation) -> Response {
    call.answer(&shared, move |store, call| store.update(&call.name, kind(call.json()?), call.params.wait())).await
}

async fn upsert(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::Upsert).await
}

async fn delete(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::Delete).await
}

async fn set_payload(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::SetPayload).await
}

async fn overwrite_payload(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::OverwritePayload).await
}

async fn delete_payload(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::DeletePayload).await
}

async fn clear_payload(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::ClearPayload).await
}

async fn update_vectors(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::UpdateVectors).await
}

async fn delete_vectors(State(shared): State<Shared>, call: Call) -> Response {
    write(shared, call, UpdateOperation::DeleteVectors).await
}

#[derive(Deserialize)]
struct BatchBody {
    operations: Vec<UpdateOperation>,
}

async fn batch(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let operations = call.json::<BatchBody>()?.operations;
        store.update_batch(&call.name, operations, call.params.wait())
    })
    .await
}

async fn retrieve(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.retrieve(&call.name, call.json()?).map(render::records)).await
}

async fn point(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let id = point_id(call.segment("id"))?;
        store.point(&call.name, id).map(render::record)
    })
    .await
}

fn point_id(text: &str) -> EngineResult<PointId> {
    text.parse::<u64>()
        .map(PointId::NumId)
        .ok()
        .or_else(|| text.parse().map(PointId::Uuid).ok())
        .ok_or_else(|| EngineError::bad_input(format_args!("Can not recognize \"{text}\" as point id")))
}

async fn scroll(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.scroll(&call.name, call.json()?).map(render::page)).await
}

async fn count(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let count = store.count(&call.name, call.json()?)?;
        Ok(json!({"count": count}))
    })
    .await
}

async fn facet(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.facet(&call.name, call.json()?).map(render::facet)).await
}
