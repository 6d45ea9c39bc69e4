//! A golden set: the file format of recorded queries, without user ids, for replay.
//!
//! ```text
//! {"pointsman_capture":1,"alias":"docs","captured_at":1764265274000,"percentage":10.0}
//! {"operation":"points.query","protocol":"rest","query":"timeout=5","body":{"query":[0.1,0.2],"limit":10}}
//! {"operation":"points.query","protocol":"grpc","message":"EgwKCgoICgYKBM3MzD0="}
//! {"recorded":2,"repeated":7,"withheld":0,"dropped":{},"ended":"count"}
//! ```
//!
//! Pure: no I/O. The mirror writes the lines of queries, the admin API the first and the last one; the commands read them.
//! Invariants: a line is complete or invalid; a message names no collection; a body keeps every digit, so that a replayed
//! query equals the original.

mod progress;
mod query;
mod read;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Timestamp;

pub use progress::{Ended, Progress};
pub use query::{Asked, PARAMETERS, Query, QueryFault};
pub use read::{Entry, Fault, Golden, Why, read};

/// The only version of the format.
pub const VERSION: u32 = 1;

/// What the file is; its first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaptureHeader")]
pub struct Header {
    /// The version of the format, 1.
    pub pointsman_capture: u32,
    pub alias: String,
    pub captured_at: Timestamp,
    /// The percentage of the alias's searches that was selected.
    pub percentage: f64,
}

impl Header {
    /// Its line, without the line break.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("a header is strings and numbers")
    }
}
