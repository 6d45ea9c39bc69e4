//! A golden set: questions that users asked, recorded without whom they were for, to be asked again.
//!
//! ```text
//! {"pointsman_capture":1,"alias":"docs","captured_at":1764265274000,"percentage":10.0}
//! {"operation":"points.query","protocol":"rest","query":"timeout=5","body":{"query":[0.1,0.2],"limit":10}}
//! {"operation":"points.query","protocol":"grpc","message":"EgwKCgoICgYKBM3MzD0="}
//! {"recorded":2,"repeated":7,"withheld":0,"dropped":{},"ended":"count"}
//! ```
//!
//! PURE. A question's line is made by the mirror, the first and the last one by the admin API; they are read by the commands.
//! Invariants: a line is whole or it is none; a message names no collection; a body is kept digit by digit, so that what
//! is asked again is what was asked.

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

/// The only version of the format there is.
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
    /// How much of the alias's searches was drawn.
    pub percentage: f64,
}

impl Header {
    /// Its line, without the end of it.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("a header is strings and numbers")
    }
}
