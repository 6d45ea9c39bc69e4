//! The definition of a collection, as typed as Pointsman reasons about it and as open as Qdrant makes it.
//!
//! What is compared, decided on or shown has a field; what is only carried stays JSON. Fields of later Qdrant versions end
//! up in `other` and are carried along, so a clone made by an old Pointsman is still whole.

mod indexes;
mod read;
mod state;
mod vectors;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use indexes::PayloadIndex;
pub use read::Description;
pub use state::{CollectionState, ReplicaState};
pub use vectors::{Direction, SparseVector, Vector, Vectors};

/// A JSON object.
pub type Object = Map<String, Value>;

/// Everything that makes a collection what it is, apart from its points.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Schema {
    pub params: Params,
    #[serde(default)]
    pub hnsw_config: Object,
    /// In the plural when a collection is created.
    #[serde(default)]
    pub optimizer_config: Object,
    #[serde(default)]
    pub wal_config: Option<Object>,
    #[serde(default)]
    pub quantization_config: Option<Value>,
    #[serde(default)]
    pub strict_mode_config: Option<Object>,
    /// The owner's notes; by advice of Qdrant's own documentation, also which model made the vectors.
    #[serde(default)]
    pub metadata: Option<Object>,
    #[serde(default)]
    pub payload_indexes: BTreeMap<String, PayloadIndex>,
    /// Empty unless the sharding method is `custom`.
    #[serde(default)]
    pub shard_keys: Vec<ShardKeySpec>,
    /// Parts of the configuration this version knows nothing of.
    #[serde(flatten)]
    pub other: Object,
}

#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Params {
    #[serde(default)]
    pub vectors: Vectors,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_empty")]
    pub sparse_vectors: BTreeMap<String, SparseVector>,
    /// With custom sharding, for each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_number: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharding_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_consistency_factor: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_fan_out_factor: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_fan_out_delay_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk_payload: Option<bool>,
    #[serde(flatten)]
    pub other: Object,
}

/// A shard key with the shards behind it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct ShardKeySpec {
    pub shard_key: ShardKey,
    /// `None` where the upstream did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards_number: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<u32>,
}

/// A word or a number; `1` and `"1"` are different keys.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[serde(untagged)]
pub enum ShardKey {
    Number(u64),
    Word(String),
}

impl Schema {
    pub(super) fn is_custom_sharded(&self) -> bool {
        self.params.sharding_method.as_deref() == Some("custom")
    }

    /// How many of `wanted` points one request may ask for: strict mode refuses more.
    pub(super) fn page_limit(&self, wanted: usize) -> usize {
        let strict = self.strict_mode_config.as_ref().filter(|strict| strict.get("enabled") == Some(&Value::Bool(true)));
        let most = strict.and_then(|strict| strict.get("max_query_limit")?.as_u64());
        most.and_then(|most| usize::try_from(most).ok()).map_or(wanted, |most| wanted.min(most.max(1)))
    }
}

fn or_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Schema;

    #[test]
    fn pages_keep_to_strict_mode() {
        let limit = |strict| {
            let schema: Schema = serde_json::from_value(json!({"params": {}, "strict_mode_config": strict})).expect("a schema");
            schema.page_limit(256)
        };
        assert_eq!(limit(json!({"enabled": true, "max_query_limit": 100})), 100);
        assert_eq!(limit(json!({"enabled": true, "max_query_limit": 1000})), 256);
        assert_eq!(limit(json!({"enabled": false, "max_query_limit": 100})), 256);
        assert_eq!(limit(json!({"enabled": true})), 256);
        assert_eq!(limit(json!(null)), 256);
    }
}
