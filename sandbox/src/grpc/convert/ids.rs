//! Point ids and shard keys.

use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::{PointId, ShardKey, ShardKeySelector, shard_key};
use qdrant_edge::PointId as EngineId;
use uuid::Uuid;

use super::{Json, Malformed, Object, array, required};

pub(in crate::grpc) fn id(message: PointId) -> Json {
    match message.point_id_options {
        Some(PointIdOptions::Num(number)) => Ok(number.into()),
        Some(PointIdOptions::Uuid(text)) => match Uuid::parse_str(&text) {
            Ok(uuid) => Ok(uuid.to_string().into()),
            Err(_) => Err(Malformed(format!("Unable to parse UUID: {text}"))),
        },
        None => Err(Malformed::new("No ID options provided")),
    }
}

pub(super) fn required_id(message: Option<PointId>) -> Json {
    message.map_or_else(|| Err(Malformed::new("Empty ID is not allowed")), id)
}

pub(super) fn ids(messages: Vec<PointId>) -> Json {
    array(messages, id)
}

pub(in crate::grpc) fn message(id: EngineId) -> PointId {
    let options = match id {
        EngineId::NumId(number) => PointIdOptions::Num(number),
        EngineId::Uuid(uuid) => PointIdOptions::Uuid(uuid.to_string()),
    };
    PointId { point_id_options: Some(options) }
}

pub(super) fn shard_key(message: ShardKey) -> Json {
    Ok(match required(message.key, "shard key")? {
        shard_key::Key::Keyword(text) => text.into(),
        shard_key::Key::Number(number) => number.into(),
    })
}

/// One key alone, several as a list, with a fallback as an object: the three forms REST knows.
pub(super) fn shard_keys(message: ShardKeySelector) -> Json {
    let ShardKeySelector { mut shard_keys, fallback } = message;
    if let Some(fallback) = fallback {
        let target = required(shard_keys.pop(), "shard key beside a fallback")?;
        return Ok(Object::default().with("target", shard_key(target)?).with("fallback", shard_key(fallback)?).done());
    }
    if shard_keys.len() == 1 {
        return shard_key(shard_keys.remove(0));
    }
    array(shard_keys, shard_key)
}
