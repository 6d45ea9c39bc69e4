//! The progress of a recording, and why it ended.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metrics::Dropped;

/// Every few seconds in a stream; the last line of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaptureProgress")]
pub struct Progress {
    /// The number of lines before this one.
    pub recorded: u64,
    /// Queries that had been recorded before.
    pub repeated: u64,
    /// Queries whose body contains the user id.
    pub withheld: u64,
    /// Queries that were selected and are missing, by reason.
    pub dropped: BTreeMap<Dropped, u64>,
    /// Why it ended. Null while it runs.
    pub ended: Option<Ended>,
}

/// Why there are no more lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CaptureEnd")]
pub enum Ended {
    /// The requested number of queries is reached.
    Count,
    /// The requested time is over.
    Time,
    /// A reload set `shadow.capture` to false.
    SwitchedOff,
    /// Pointsman stopped.
    Stopping,
    /// The client left.
    Interrupted,
    /// The stream broke off.
    Lost,
}

impl Progress {
    /// The number of missing queries.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.dropped.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Its line, without the line break.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("progress is numbers and words")
    }
}
