//! Reading a collection's definition and state: its info, its aliases and its place in the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CollectionState, Object, Params, PayloadIndex, ReplicaState, Schema, ShardKey, ShardKeySpec, or_empty};
use crate::qdrant::client::{collection_path, operation};
use crate::qdrant::{Client, Failure, FailureKind};

/// A collection as it is.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Description {
    pub name: String,
    pub schema: Schema,
    pub state: CollectionState,
    pub aliases: BTreeSet<String>,
}

/// `GET /collections/{name}`.
#[derive(Deserialize)]
struct Info {
    status: String,
    optimizer_status: Value,
    #[serde(default)]
    points_count: Option<u64>,
    #[serde(default)]
    indexed_vectors_count: Option<u64>,
    #[serde(default)]
    segments_count: u64,
    #[serde(default)]
    update_queue: Option<Queue>,
    config: Config,
    #[serde(default, deserialize_with = "or_empty")]
    payload_schema: BTreeMap<String, PayloadIndex>,
}

#[derive(Default, Deserialize)]
struct Queue {
    #[serde(default)]
    length: u64,
    #[serde(default)]
    deferred_points: Option<u64>,
}

#[derive(Deserialize)]
struct Config {
    params: Params,
    #[serde(default)]
    hnsw_config: Object,
    #[serde(default)]
    optimizer_config: Object,
    #[serde(default)]
    wal_config: Option<Object>,
    #[serde(default)]
    quantization_config: Option<Value>,
    #[serde(default)]
    strict_mode_config: Option<Object>,
    #[serde(default)]
    metadata: Option<Object>,
    #[serde(flatten)]
    other: Object,
}

/// `GET /collections/{name}/cluster`.
#[derive(Deserialize)]
struct Cluster {
    local_shards: Vec<Shard>,
    remote_shards: Vec<Shard>,
    shard_transfers: Vec<Value>,
}

#[derive(Deserialize)]
struct Shard {
    shard_id: u32,
    #[serde(default)]
    shard_key: Option<ShardKey>,
    #[serde(default)]
    peer_id: Option<u64>,
    state: String,
}

/// `GET /collections/{name}/shards`; an empty object where sharding is automatic.
#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    shard_keys: Option<Vec<Key>>,
}

#[derive(Deserialize)]
struct Key {
    key: ShardKey,
}

impl Client {
    /// Reads a collection; an alias is resolved by Qdrant, but `aliases` then stays empty: that call takes names literally.
    ///
    /// # Errors
    /// When any part of it cannot be read.
    pub async fn describe(&self, name: &str) -> Result<Description, Failure> {
        let info: Info = self.get(&collection_path(name, "")).await?;
        let cluster: Cluster = self.get(&collection_path(name, "/cluster")).await?;
        let aliases = self.aliases_of(name).await?;
        let mut state = state(&info, &cluster);
        let mut schema = schema(info);
        if schema.is_custom_sharded() {
            let keys: Keys = self.get(&collection_path(name, "/shards")).await?;
            let keys = keys.shard_keys.unwrap_or_default().into_iter().map(|key| key.key);
            schema.shard_keys = keys.map(|key| shards_behind(key, &cluster)).collect();
            schema.shard_keys.sort_by(|a, b| a.shard_key.cmp(&b.shard_key));
        }
        state.replicas = replicas(cluster);
        Ok(Description { name: name.to_owned(), schema, state, aliases })
    }

    /// Reads a collection that may be failing, within `limit`.
    ///
    /// # Errors
    /// As [`Self::describe`], and when it takes longer.
    pub async fn describe_within(&self, name: &str, limit: Duration) -> Result<Description, Failure> {
        let late = || self.failed(&operation(&Method::GET, &collection_path(name, "")), FailureKind::Timeout(limit));
        tokio::time::timeout(limit, self.describe(name)).await.unwrap_or_else(|_| Err(late()))
    }

    /// Reads only what changes by itself.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn state(&self, name: &str) -> Result<CollectionState, Failure> {
        let info: Info = self.get(&collection_path(name, "")).await?;
        let cluster: Cluster = self.get(&collection_path(name, "/cluster")).await?;
        let state = state(&info, &cluster);
        Ok(CollectionState { replicas: replicas(cluster), ..state })
    }

    async fn aliases_of(&self, name: &str) -> Result<BTreeSet<String>, Failure> {
        #[derive(Deserialize)]
        struct Aliases {
            aliases: Vec<Alias>,
        }
        #[derive(Deserialize)]
        struct Alias {
            alias_name: String,
        }
        let found: Aliases = self.get(&collection_path(name, "/aliases")).await?;
        Ok(found.aliases.into_iter().map(|alias| alias.alias_name).collect())
    }
}

fn schema(info: Info) -> Schema {
    let Config { params, hnsw_config, optimizer_config, wal_config, quantization_config, strict_mode_config, metadata, other } =
        info.config;
    Schema {
        params,
        hnsw_config,
        optimizer_config,
        wal_config,
        quantization_config,
        strict_mode_config,
        metadata,
        payload_indexes: info.payload_schema,
        shard_keys: Vec::new(),
        other,
    }
}

fn state(info: &Info, cluster: &Cluster) -> CollectionState {
    let queue = info.update_queue.as_ref();
    CollectionState {
        status: info.status.clone(),
        optimizer_error: match &info.optimizer_status {
            Value::String(word) if word == "ok" => None,
            failed => Some(failed["error"].as_str().map_or_else(|| failed.to_string(), str::to_owned)),
        },
        points_count: info.points_count.unwrap_or(0),
        indexed_vectors_count: info.indexed_vectors_count.unwrap_or(0),
        segments_count: info.segments_count,
        queued_updates: queue.map_or(0, |queue| queue.length),
        deferred_points: queue.and_then(|queue| queue.deferred_points).unwrap_or(0),
        replicas: Vec::new(),
        shard_transfers: cluster.shard_transfers.len() as u64,
    }
}

fn replicas(cluster: Cluster) -> Vec<ReplicaState> {
    let shards = cluster.local_shards.into_iter().chain(cluster.remote_shards);
    let replica =
        |shard: Shard| ReplicaState { shard_id: shard.shard_id, shard_key: shard.shard_key, peer_id: shard.peer_id, state: shard.state };
    shards.map(replica).collect()
}

/// How many shards a key has, and how many replicas those have, is visible only here.
fn shards_behind(key: ShardKey, cluster: &Cluster) -> ShardKeySpec {
    let shards = || cluster.local_shards.iter().chain(&cluster.remote_shards).filter(|shard| shard.shard_key.as_ref() == Some(&key));
    let distinct: BTreeSet<u32> = shards().map(|shard| shard.shard_id).collect();
    let most = distinct.iter().map(|id| shards().filter(|shard| shard.shard_id == *id).count()).max();
    let number = |count: usize| u32::try_from(count).ok().filter(|count| *count > 0);
    ShardKeySpec { shards_number: number(distinct.len()), replication_factor: most.and_then(number), shard_key: key }
}
