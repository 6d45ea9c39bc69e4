//! The writes of `qdrant.Points`: each message becomes the engine's operation, each result an answer.

use qdrant_client::qdrant as q;
use qdrant_client::qdrant::points_update_operation as op;
use serde_json::json;

use super::call::Failure;
use super::convert::{collections, indexes, typed, writes};
use crate::engine::{Store, UpdateOperation, UpdateResult, UpdateStatus};

type Written = Result<q::PointsOperationResponse, Failure>;

fn result(result: &UpdateResult) -> q::UpdateResult {
    let status = match result.status {
        UpdateStatus::Acknowledged => q::UpdateStatus::Acknowledged,
        UpdateStatus::Completed => q::UpdateStatus::Completed,
    };
    q::UpdateResult { operation_id: result.operation_id, status: status.into() }
}

fn written(done: &UpdateResult) -> q::PointsOperationResponse {
    q::PointsOperationResponse { result: Some(result(done)), ..Default::default() }
}

fn update(store: &Store, name: &str, operation: UpdateOperation, wait: Option<bool>) -> Written {
    Ok(written(&store.update(name, operation, wait.unwrap_or(false))?))
}

pub(super) fn upsert(store: &Store, name: &str, m: q::UpsertPoints) -> Written {
    let q::UpsertPoints { points, shard_key_selector, update_filter, update_mode, wait, .. } = m;
    update(store, name, writes::upsert(op::PointStructList { points, shard_key_selector, update_filter, update_mode })?, wait)
}

pub(super) fn delete(store: &Store, name: &str, m: q::DeletePoints) -> Written {
    let q::DeletePoints { points, shard_key_selector, wait, .. } = m;
    update(store, name, writes::delete_points(op::DeletePoints { points, shard_key_selector })?, wait)
}

pub(super) fn update_vectors(store: &Store, name: &str, m: q::UpdatePointVectors) -> Written {
    let q::UpdatePointVectors { points, shard_key_selector, update_filter, wait, .. } = m;
    update(store, name, writes::update_vectors(op::UpdateVectors { points, shard_key_selector, update_filter })?, wait)
}

pub(super) fn delete_vectors(store: &Store, name: &str, m: q::DeletePointVectors) -> Written {
    let q::DeletePointVectors { points_selector, vectors, shard_key_selector, wait, .. } = m;
    update(store, name, writes::delete_vectors(op::DeleteVectors { points_selector, vectors, shard_key_selector })?, wait)
}

pub(super) fn set_payload(store: &Store, name: &str, m: q::SetPayloadPoints) -> Written {
    let q::SetPayloadPoints { payload, points_selector, shard_key_selector, key, wait, .. } = m;
    update(store, name, writes::set_payload(op::SetPayload { payload, points_selector, shard_key_selector, key })?, wait)
}

pub(super) fn overwrite_payload(store: &Store, name: &str, m: q::SetPayloadPoints) -> Written {
    let q::SetPayloadPoints { payload, points_selector, shard_key_selector, key, wait, .. } = m;
    update(store, name, writes::overwrite_payload(op::OverwritePayload { payload, points_selector, shard_key_selector, key })?, wait)
}

pub(super) fn delete_payload(store: &Store, name: &str, m: q::DeletePayloadPoints) -> Written {
    let q::DeletePayloadPoints { keys, points_selector, shard_key_selector, wait, .. } = m;
    update(store, name, writes::delete_payload(op::DeletePayload { keys, points_selector, shard_key_selector })?, wait)
}

pub(super) fn clear_payload(store: &Store, name: &str, m: q::ClearPayloadPoints) -> Written {
    let q::ClearPayloadPoints { points, shard_key_selector, wait, .. } = m;
    update(store, name, writes::clear_payload(op::ClearPayload { points, shard_key_selector })?, wait)
}

/// A malformed step fails the batch where it stands: the steps before it stay applied, as they do on a real server.
pub(super) fn batch(store: &Store, name: &str, m: q::UpdateBatchPoints) -> Result<q::UpdateBatchResponse, Failure> {
    let wait = m.wait.unwrap_or(false);
    let mut results = Vec::with_capacity(m.operations.len());
    store.collection(name)?;
    for step in m.operations {
        results.push(result(&store.update(name, writes::step(step)?, wait)?));
    }
    Ok(q::UpdateBatchResponse { result: results, ..Default::default() })
}

pub(super) fn create_field_index(store: &Store, name: &str, m: q::CreateFieldIndexCollection) -> Written {
    let schema = indexes::schema(m.field_type, m.field_index_params)?;
    let request = typed(json!({"field_name": m.field_name, "field_schema": schema}))?;
    Ok(written(&store.create_field_index(name, request, m.wait.unwrap_or(false))?))
}

pub(super) fn delete_field_index(store: &Store, name: &str, m: q::DeleteFieldIndexCollection) -> Written {
    Ok(written(&store.delete_field_index(name, typed(m.field_name.into())?, m.wait.unwrap_or(false))?))
}

pub(super) fn create_vector_name(store: &Store, name: &str, m: q::CreateVectorNameRequest) -> Written {
    let q::CreateVectorNameRequest { vector_name, vector_config, wait, .. } = m;
    let config = typed(collections::new_vector(vector_config)?)?;
    Ok(written(&store.create_vector_name(name, &vector_name, config, wait.unwrap_or(false))?))
}

pub(super) fn delete_vector_name(store: &Store, name: &str, m: q::DeleteVectorNameRequest) -> Written {
    let q::DeleteVectorNameRequest { vector_name, wait, .. } = m;
    Ok(written(&store.delete_vector_name(name, &vector_name, wait.unwrap_or(false))?))
}
