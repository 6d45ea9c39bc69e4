//! A new collection with the definition of another: planned first, then carried out step by step.
//!
//! Called by `control` for blue-green deployments. An existing collection is never touched, and what was done is written
//! down as it is done, so that undoing removes what this clone made and nothing else (I5). Strict mode comes last of all,
//! after the points: its limits would throttle or refuse the copy.

mod plan;
mod run;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compatibility::Compatibility;
use super::failure::Failure;
use super::schema::ShardKey;

pub use plan::{OverrideFault, PlannedStep};

/// One thing that is done to make a collection like another.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum CloneStep {
    Create,
    ShardKey {
        shard_key: ShardKey,
    },
    /// Cannot be said at creation.
    ReadFanOut,
    /// The server's own default quantization, which the source has not got, taken off again.
    NoQuantization,
    PayloadIndex {
        field: String,
    },
    StrictMode,
}

/// Whether the collection is this clone's own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Created {
    #[default]
    No,
    Yes,
    /// The answer was lost: there may be a collection, and another client may have made it.
    Unknown,
}

/// What a clone has done so far.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct CloneRecord {
    pub name: String,
    pub created: Created,
    pub done: Vec<CloneStep>,
}

/// A clone that is ready for points.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Cloned {
    pub record: CloneRecord,
    /// How what was made differs from what was asked for; strict mode, which is still to come, apart.
    pub differences: Compatibility,
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("clone to `{}`: {failure}", record.name)]
pub struct CloneFailed {
    pub record: CloneRecord,
    pub failure: Box<Failure>,
}

/// What became of an undone clone.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Undone {
    Removed,
    /// It was not there any more.
    Gone,
    /// Left as it is, and why.
    Kept {
        reason: String,
    },
}
