//! The progress of a recording, and why it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metrics::Dropped;

/// Sent every few seconds in a stream; also the last line of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The number of lines before this one.
    pub recorded: u64,
    /// Queries that had been recorded before.
    pub repeated: u64,
    /// Queries whose body contains the user id.
    pub withheld: u64,
    /// Queries that were selected and are missing, by reason.
    pub dropped: BTreeMap<Dropped, u64>,
    /// None while the recording continues.
    pub ended: Option<Ended>,
}

/// Why the recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The requested number of queries is reached.
    Count,
    /// The requested time is over.
    Time,
    /// A reload set `shadow.capture` to false.
    SwitchedOff,
    /// Pointsman stopped.
    Stopping,
    /// The client disconnected.
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
