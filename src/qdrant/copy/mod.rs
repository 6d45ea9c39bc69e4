//! Copying points from one collection to another, within an upstream or across.
//!
//! Called by `control` for blue-green deployments. Pages are read in the order of ids and written with `insert_only`; the
//! checkpoint is the id each lane has come to. This is right while writes go on, for these reasons:
//!
//! - An id never changes its place. A point that is there from beginning to end is read exactly once, however often it is
//!   updated and whatever is inserted or deleted around it; a cursor by number or by time could skip it.
//! - A page is written before the checkpoint passes it, and `insert_only` makes writing it twice the same as once. So a
//!   checkpoint may be old, and a kill at any moment costs at most the pages after it.
//! - `insert_only` never replaces: a live write that reached the target first is newer than any page, and stays.
//!
//! What the scan cannot see is left to the journal of live writes, which gives the ids they touched to
//! [`CopyJob::refresh`]: points inserted behind the cursor, points updated or deleted after their page was read.
//!
//! Lanes share the id space out between them by ids that Qdrant picks by chance; how well they are balanced depends on
//! the picking, that each point is in exactly one lane does not.

mod checkpoint;
mod lane;
mod pace;
mod progress;
mod ranges;
mod refresh;
mod run;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backoff, Client, Failure, WriteMode};

pub use checkpoint::{Checkpoint, Place, RangeCheckpoint};
pub use progress::Progress;
pub use refresh::Refreshed;

/// From where to where.
#[derive(Clone, Debug)]
pub struct CopyJob {
    pub source: Client,
    pub source_collection: String,
    pub target: Client,
    pub target_collection: String,
    pub settings: CopySettings,
}

/// How fast and how carefully.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CopySettings {
    /// How many lanes copy at the same time.
    #[schemars(range(min = 1))]
    pub parallel: usize,
    /// How many points are copied at once, fewer where they would be too large.
    #[schemars(range(min = 1))]
    pub page: usize,
    /// The limit over all lanes. Null is as fast as it goes.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub points_per_second: Option<f64>,
    /// What happens to points that the new collection already has.
    pub mode: WriteMode,
    /// How often, and after which pauses, a failed request is sent again.
    pub backoff: Backoff,
}

impl Default for CopySettings {
    fn default() -> Self {
        Self { parallel: 4, page: 256, points_per_second: None, mode: WriteMode::default(), backoff: Backoff::default() }
    }
}

/// Why a copy did not come to its end. The last checkpoint is where progress is reported, and good.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyFailed {
    #[error("{0}")]
    Failed(#[from] Failure),
    #[error(
        "{upstream} is Qdrant {version}, which does not know `insert_only`: 1.17 does; choose `overwrite` if no other client writes to the target"
    )]
    InsertOnlyUnknown { upstream: String, version: String },
    #[error("{upstream}: `{collection}` hides {points} points until they are indexed; they would be missing or stale in the copy")]
    Deferred { upstream: String, collection: String, points: u64 },
    #[error("the checkpoint is of a copy from {found_source} to {found_target}")]
    ForeignCheckpoint { found_source: Place, found_target: Place },
    #[error("source and target are both {0}")]
    SamePlace(Place),
    #[error("copy settings: {0}")]
    Settings(&'static str),
}
