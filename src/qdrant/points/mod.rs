//! Points as they are read and written, for `copy` and `verify`.
//!
//! Payloads and vectors are carried as the text they came in: what is written is byte for byte what was read, with no number
//! parsed and printed again, and a copy costs little more than its traffic.

mod read;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::schema::ShardKey;
use crate::protocol::points::PointId;

pub(super) use read::Page;
pub use write::WriteMode;

/// A stored point.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) id: PointId,
    #[serde(default)]
    pub(super) payload: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) vector: Option<Box<RawValue>>,
    /// Only with custom sharding.
    #[serde(default)]
    pub(super) shard_key: Option<ShardKey>,
}
