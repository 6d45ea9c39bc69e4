//! Lost writes: how many acknowledged writes one collection has and another one lacks.
//!
//! Pure. `control` adds up what the replicas have counted ([`Counted`]); a rollout remembers where its count began
//! ([`Stake`]); the difference is a [`Loss`]. It keeps I11: what asks for a change that would lose writes is told the number
//! before anything is changed.
//!
//! Writes go to one collection only, so all that is needed is how many there were since both collections were known to hold
//! the same. What each write changed is not known, and so neither is whether an application wrote it to both.

mod counted;
mod sentence;
mod stake;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

pub use counted::{Counted, Gap};
pub use stake::Stake;

/// Writes to one collection since counting began. It only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WriteTally")]
pub struct Tally {
    /// Qdrant has said that it took them.
    pub acknowledged: u64,
    /// Sent, and the answer was lost, late or a server error: they may have happened.
    pub unknown: u64,
}

impl Tally {
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { acknowledged: self.acknowledged.saturating_add(other.acknowledged), unknown: self.unknown.saturating_add(other.unknown) }
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.acknowledged == 0 && self.unknown == 0
    }

    const fn reaches(self, earlier: Self) -> bool {
        self.acknowledged >= earlier.acknowledged && self.unknown >= earlier.unknown
    }

    const fn minus(self, earlier: Self) -> Self {
        Self { acknowledged: self.acknowledged - earlier.acknowledged, unknown: self.unknown - earlier.unknown }
    }
}

/// The tally of a collection at the moment a count begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub upstream: String,
    pub collection: String,
    pub at: Timestamp,
    pub tally: Tally,
}

/// How the number of lost writes relates to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LossBound")]
pub enum Bound {
    Exact,
    /// Applications wrote to both collections, and which writes reached both cannot be told.
    AtMost,
    /// A replica may have forwarded writes that it could not report.
    AtLeast,
    /// Both of these.
    Approximate,
}

/// Acknowledged writes that are in one collection and not in another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LostWrites")]
pub struct Loss {
    /// The collections that have them.
    pub only_in: Vec<String>,
    pub missing_in: String,
    pub since: Timestamp,
    pub acknowledged: u64,
    pub unknown: u64,
    pub bound: Bound,
}

impl Loss {
    /// Whether acknowledged writes would be lost. Those of unknown outcome are told and hold nothing up: no client was promised
    /// them.
    #[must_use]
    pub const fn is_real(&self) -> bool {
        self.acknowledged > 0
    }

    /// Whether there is something to tell.
    #[must_use]
    pub const fn is_worth_telling(&self) -> bool {
        self.acknowledged > 0 || self.unknown > 0 || matches!(self.bound, Bound::AtLeast | Bound::Approximate)
    }
}
