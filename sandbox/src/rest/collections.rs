//! Calls about collections, their payload indexes and the names of their vectors.

use std::collections::HashMap;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, put};
use qdrant_edge::JsonPath;
use serde_json::{Value, json};

use super::answer;
use super::call::Call;
use crate::Shared;
use crate::engine::{EngineError, EngineResult, Store};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/collections", get(list))
        .route("/collections/{name}", get(info).put(create).patch(update).delete(remove))
        .route("/collections/{name}/exists", get(exists))
        .route("/collections/{name}/optimizations", get(optimizations))
        .route("/collections/{name}/cluster", get(cluster))
        .route("/collections/{name}/shards", get(shards))
        .route("/collections/{name}/index", put(create_index))
        .route("/collections/{name}/index/{field}", delete(delete_index))
        .route("/collections/{name}/vectors/{vector}", put(create_vector).delete(delete_vector))
}

async fn list(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, _| {
        let names = store.list().into_iter().map(|name| json!({"name": name}));
        Ok(json!({"collections": names.collect::<Vec<_>>()}))
    })
    .await
}

async fn info(State(shared): State<Shared>, call: Call) -> Response {
    answer::respond(shared.info(&call.name).await, call.began)
}

async fn create(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.create_collection(&call.name, call.json()?)).await
}

async fn update(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.update_collection(&call.name, call.json()?)).await
}

async fn remove(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.delete_collection(&call.name)).await
}

async fn exists(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| Ok(HashMap::from([("exists", store.resolve(&call.name).is_some())]))).await
}

async fn optimizations(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        store.collection(&call.name)?;
        Ok(json!({
            "summary": {"queued_optimizations": 0, "queued_segments": 0, "queued_points": 0, "idle_segments": 1},
            "running": [],
        }))
    })
    .await
}

async fn cluster(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, cluster_info).await
}

fn cluster_info(store: &Store, call: &Call) -> EngineResult<Value> {
    let points = store.info(&call.name)?.points_count;
    Ok(json!({
        "peer_id": 1,
        "shard_count": 1,
        "local_shards": [{"shard_id": 0, "points_count": points, "state": "Active"}],
        "remote_shards": [],
        "shard_transfers": [],
    }))
}

async fn shards(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        store.collection(&call.name)?;
        Ok(json!({}))
    })
    .await
}

async fn create_index(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.create_field_index(&call.name, call.json()?, call.params.wait())).await
}

async fn delete_index(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let field: JsonPath =
            call.segment("field").parse().map_err(|()| EngineError::unreadable("path parameters", "the field is not a JSON path"))?;
        store.delete_field_index(&call.name, field, call.params.wait())
    })
    .await
}

async fn create_vector(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let vector = call.segment("vector");
        store.create_vector_name(&call.name, vector, call.json()?, call.params.wait())
    })
    .await
}

async fn delete_vector(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.delete_vector_name(&call.name, call.segment("vector"), call.params.wait())).await
}
