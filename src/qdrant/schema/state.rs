//! What a collection is doing just now.

use serde::{Deserialize, Serialize};

use super::ShardKey;

/// Counts and states at one moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct CollectionState {
    /// `green`, `yellow`, `grey` or `red`.
    pub status: String,
    /// Why the optimizer failed, if it did.
    pub optimizer_error: Option<String>,
    /// About; exact numbers come from counting.
    pub points_count: u64,
    /// Over all vectors, and zero while the collection is too small for an index.
    pub indexed_vectors_count: u64,
    pub segments_count: u64,
    /// Writes that were accepted and not yet applied.
    pub queued_updates: u64,
    /// Points that readers don't see until they are indexed.
    pub deferred_points: u64,
    pub replicas: Vec<ReplicaState>,
    pub shard_transfers: u64,
}

/// One replica of one shard, as the peer that answered sees it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct ReplicaState {
    pub shard_id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<ShardKey>,
    /// `None` is the peer that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<u64>,
    pub state: String,
}
