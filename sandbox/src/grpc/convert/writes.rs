//! Bodies of the point writes. A single call and the same step of a batch differ only in who carries the collection's name, so that both are
//! brought to the batch's form first.

use qdrant_client::qdrant::points_update_operation::{
    ClearPayload, DeletePayload, DeletePoints, DeleteVectors, Operation, OverwritePayload, PointStructList, SetPayload, UpdateVectors,
};
use qdrant_client::qdrant::{PointStruct, PointVectors, PointsUpdateOperation, ShardKeySelector, UpdateMode};
use serde_json::{Value, json};

use super::{Json, Malformed, Object, array, filters, ids, names, required, selectors, vectors};

/// One step of a batch, `{"upsert": …}` and so on.
pub(in crate::grpc) fn step(message: PointsUpdateOperation) -> Json {
    let (name, body) = match required(message.operation, "operation")? {
        Operation::Upsert(list) => ("upsert", upsert(list)?),
        Operation::DeletePoints(delete) => ("delete", delete_points(delete)?),
        Operation::SetPayload(set) => ("set_payload", set_payload(set)?),
        Operation::OverwritePayload(set) => ("overwrite_payload", overwrite_payload(set)?),
        Operation::DeletePayload(delete) => ("delete_payload", delete_payload(delete)?),
        Operation::ClearPayload(clear) => ("clear_payload", clear_payload(clear)?),
        Operation::UpdateVectors(update) => ("update_vectors", update_vectors(update)?),
        Operation::DeleteVectors(delete) => ("delete_vectors", delete_vectors(delete)?),
        #[expect(deprecated, reason = "older clients still send it")]
        Operation::DeleteDeprecated(points) => ("delete", delete_points(DeletePoints { points: Some(points), shard_key_selector: None })?),
        #[expect(deprecated, reason = "older clients still send it")]
        Operation::ClearPayloadDeprecated(points) => {
            ("clear_payload", clear_payload(ClearPayload { points: Some(points), shard_key_selector: None })?)
        }
    };
    Ok(json!({name: body}))
}

fn sharded(body: Object, shards: Option<ShardKeySelector>) -> Json {
    Ok(body.convert("shard_key", shards, ids::shard_keys)?.done())
}

pub(in crate::grpc) fn upsert(message: PointStructList) -> Json {
    let body = Object::default()
        .with("points", array(message.points, point)?)
        .convert("update_filter", message.update_filter, filters::filter)?
        .convert("update_mode", message.update_mode, |number| names::rest(number, UpdateMode::as_str_name))?;
    sharded(body, message.shard_key_selector)
}

fn point(message: PointStruct) -> Json {
    Ok(Object::default()
        .with("id", ids::required_id(message.id)?)
        .with("vector", vectors::of_point(message.vectors)?)
        .with("payload", vectors::object(message.payload))
        .done())
}

pub(in crate::grpc) fn update_vectors(message: UpdateVectors) -> Json {
    let point = |point: PointVectors| Ok(json!({"id": ids::required_id(point.id)?, "vector": vectors::of_point(point.vectors)?}));
    let body =
        Object::default().with("points", array(message.points, point)?).convert("update_filter", message.update_filter, filters::filter)?;
    sharded(body, message.shard_key_selector)
}

pub(in crate::grpc) fn delete_points(message: DeletePoints) -> Json {
    sharded(selectors::points(Object::default(), message.points)?, message.shard_key_selector)
}

pub(in crate::grpc) fn clear_payload(message: ClearPayload) -> Json {
    sharded(selectors::points(Object::default(), message.points)?, message.shard_key_selector)
}

pub(in crate::grpc) fn delete_vectors(message: DeleteVectors) -> Json {
    let names: Value = required(message.vectors, "vectors to delete")?.names.into();
    sharded(selectors::points(Object::default().with("vector", names), message.points_selector)?, message.shard_key_selector)
}

pub(in crate::grpc) fn set_payload(message: SetPayload) -> Json {
    let body = Object::default().with("payload", vectors::object(message.payload)).maybe("key", message.key);
    sharded(selectors::points(body, message.points_selector)?, message.shard_key_selector)
}

pub(in crate::grpc) fn overwrite_payload(message: OverwritePayload) -> Json {
    let OverwritePayload { payload, points_selector, shard_key_selector, key } = message;
    set_payload(SetPayload { payload, points_selector, shard_key_selector, key })
}

pub(in crate::grpc) fn delete_payload(message: DeletePayload) -> Json {
    let body = Object::default().with("keys", message.keys);
    sharded(selectors::points(body, message.points_selector)?, message.shard_key_selector)
}

/// The steps of a batch in the order given.
pub(in crate::grpc) fn batch(messages: Vec<PointsUpdateOperation>) -> Result<Value, Malformed> {
    Ok(json!({"operations": array(messages, step)?}))
}
