//! Bodies of the point writes. A single call and the same step of a batch differ only in who carries the collection's name, so that both are
//! brought to the batch's form first.

use qdrant_client::qdrant::points_update_operation::{
    ClearPayload, DeletePayload, DeletePoints, DeleteVectors, Operation, OverwritePayload, PointStructList, SetPayload, UpdateVectors,
};
use qdrant_client::qdrant::{Filter, PointId, PointStruct, PointVectors, PointsUpdateOperation, ShardKeySelector, UpdateMode};
use serde_json::json;

use super::{Malformed, Object, filters, ids, names, required, selectors, typed, vectors};
use crate::engine::{self, UpdateOperation};

/// One step of a batch.
pub(in crate::grpc) fn step(message: PointsUpdateOperation) -> Result<UpdateOperation, Malformed> {
    match required(message.operation, "operation")? {
        Operation::Upsert(list) => upsert(list),
        Operation::DeletePoints(delete) => delete_points(delete),
        Operation::SetPayload(set) => set_payload(set),
        Operation::OverwritePayload(set) => overwrite_payload(set),
        Operation::DeletePayload(delete) => delete_payload(delete),
        Operation::ClearPayload(clear) => clear_payload(clear),
        Operation::UpdateVectors(update) => update_vectors(update),
        Operation::DeleteVectors(delete) => delete_vectors(delete),
        #[expect(deprecated, reason = "older clients still send it")]
        Operation::DeleteDeprecated(points) => delete_points(DeletePoints { points: Some(points), shard_key_selector: None }),
        #[expect(deprecated, reason = "older clients still send it")]
        Operation::ClearPayloadDeprecated(points) => clear_payload(ClearPayload { points: Some(points), shard_key_selector: None }),
    }
}

pub(in crate::grpc) fn upsert(message: PointStructList) -> Result<UpdateOperation, Malformed> {
    let mode = message.update_mode.map(|number| names::rest(number, UpdateMode::as_str_name)).transpose()?;
    Ok(UpdateOperation::Upsert(engine::UpsertPoints {
        points: Some(message.points.into_iter().map(point).collect::<Result<_, _>>()?),
        batch: None,
        update_filter: update_filter(message.update_filter)?,
        update_mode: mode.map(typed).transpose()?,
    }))
}

fn point(message: PointStruct) -> Result<engine::PointStruct, Malformed> {
    Ok(engine::PointStruct {
        id: point_id(message.id)?,
        vector: vectors::of_point(message.vectors)?,
        payload: Some(typed(vectors::object(message.payload))?),
    })
}

fn point_id(message: Option<PointId>) -> Result<qdrant_edge::PointId, Malformed> {
    typed(ids::required_id(message)?)
}

fn update_filter(message: Option<Filter>) -> Result<Option<qdrant_edge::Filter>, Malformed> {
    message.map(|filter| typed(filters::filter(filter)?)).transpose()
}

pub(in crate::grpc) fn update_vectors(message: UpdateVectors) -> Result<UpdateOperation, Malformed> {
    let point = |point: PointVectors| Ok(engine::PointVectors { id: point_id(point.id)?, vector: vectors::of_point(point.vectors)? });
    Ok(UpdateOperation::UpdateVectors(engine::UpdateVectors {
        points: message.points.into_iter().map(point).collect::<Result<_, _>>()?,
        update_filter: update_filter(message.update_filter)?,
    }))
}

fn operation(name: &str, body: Object, shards: Option<ShardKeySelector>) -> Result<UpdateOperation, Malformed> {
    typed(json!({name: body.convert("shard_key", shards, ids::shard_keys)?.done()}))
}

pub(in crate::grpc) fn delete_points(message: DeletePoints) -> Result<UpdateOperation, Malformed> {
    operation("delete", selectors::points(Object::default(), message.points)?, message.shard_key_selector)
}

pub(in crate::grpc) fn clear_payload(message: ClearPayload) -> Result<UpdateOperation, Malformed> {
    operation("clear_payload", selectors::points(Object::default(), message.points)?, message.shard_key_selector)
}

pub(in crate::grpc) fn delete_vectors(message: DeleteVectors) -> Result<UpdateOperation, Malformed> {
    let body = Object::default().with("vector", required(message.vectors, "vectors to delete")?.names);
    operation("delete_vectors", selectors::points(body, message.points_selector)?, message.shard_key_selector)
}

pub(in crate::grpc) fn set_payload(message: SetPayload) -> Result<UpdateOperation, Malformed> {
    let body = Object::default().with("payload", vectors::object(message.payload)).maybe("key", message.key);
    operation("set_payload", selectors::points(body, message.points_selector)?, message.shard_key_selector)
}

pub(in crate::grpc) fn overwrite_payload(message: OverwritePayload) -> Result<UpdateOperation, Malformed> {
    let body = Object::default().with("payload", vectors::object(message.payload)).maybe("key", message.key);
    operation("overwrite_payload", selectors::points(body, message.points_selector)?, message.shard_key_selector)
}

pub(in crate::grpc) fn delete_payload(message: DeletePayload) -> Result<UpdateOperation, Malformed> {
    let body = Object::default().with("keys", message.keys);
    operation("delete_payload", selectors::points(body, message.points_selector)?, message.shard_key_selector)
}
