//! How far a copy has come, in a form that can be stored and gone on from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::points::PointId;

/// A collection on an upstream.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Place {
    pub upstream: String,
    pub collection: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on {}", self.collection, self.upstream)
    }
}

/// Everything needed to go on.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Checkpoint {
    pub source: Place,
    pub target: Place,
    /// Points of the source when the copy began; while writes go on it is about right, no more.
    pub total: u64,
    /// Every id is in exactly one of them.
    pub ranges: Vec<RangeCheckpoint>,
}

/// One part of the id space.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct RangeCheckpoint {
    /// The first id not yet copied; `None` is the beginning.
    pub next: Option<PointId>,
    /// The first id of the following range; `None` is the end.
    pub until: Option<PointId>,
    pub copied: u64,
    pub done: bool,
}

impl Checkpoint {
    #[must_use]
    pub fn copied(&self) -> u64 {
        self.ranges.iter().map(|range| range.copied).sum()
    }

    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ranges.iter().all(|range| range.done)
    }
}
