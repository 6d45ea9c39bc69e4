//! Everything one comparison has gathered, in a form that replicas can add up.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Series, Worst};

/// Why a question that was meant to be mirrored was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DropReason")]
pub enum Dropped {
    /// The mirror is behind: so many questions, or bytes of them, wait already.
    QueueFull,
    /// The question or its answer is larger than `shadow.max_bytes`.
    TooLarge,
    /// It was not answered, or not by the variant that is compared.
    Unanswered,
    /// The answer that users got cannot be read here.
    Unreadable,
    /// It waited for longer than `shadow.timeout`: too long ago to be compared with.
    Stale,
}

impl Dropped {
    pub const ALL: [Self; 5] = [Self::QueueFull, Self::TooLarge, Self::Unanswered, Self::Unreadable, Self::Stale];

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TooLarge => "too_large",
            Self::Unanswered => "unanswered",
            Self::Unreadable => "unreadable",
            Self::Stale => "stale",
        }
    }
}

/// What became of the questions that were chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MirrorCounters")]
pub struct Counters {
    /// Handed to the mirror.
    pub mirrored: u64,
    /// Not handed to the mirror, by reason; `unreadable` and `stale` ones were dropped after that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<Dropped, u64>,
}

impl Counters {
    pub fn drop(&mut self, why: Dropped, times: u64) {
        if times > 0 {
            let count = self.dropped.entry(why).or_default();
            *count = count.saturating_add(times);
        }
    }

    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn merge(&mut self, other: &Self) {
        self.mirrored = self.mirrored.saturating_add(other.mirrored);
        other.dropped.iter().for_each(|(why, times)| self.drop(*why, *times));
    }
}

/// What the shadow said when it failed last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MirrorFailure")]
pub struct Failure {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub reason: String,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The shadow against what users were answered.
    pub shadow: Series,
    /// The reference, asked once more, against the same.
    pub noise: Series,
    pub counters: Counters,
    #[serde(default)]
    pub worst: Worst,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
}

impl Summary {
    pub fn merge(&mut self, other: &Self) {
        self.shadow.merge(&other.shadow);
        self.noise.merge(&other.noise);
        self.counters.merge(&other.counters);
        self.worst.merge(&other.worst);
        self.last_failure = self.last_failure.take().max(other.last_failure.clone());
    }
}
