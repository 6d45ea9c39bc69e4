//! Sums of comparisons: of one bucket, or of a whole series.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Measure;

const MEASURES: usize = Measure::ALL.len();
const COUNTS: usize = Count::ALL.len();
const MILLIONTHS: f64 = 1e6;
/// Scores beyond this are counted as this, so that one broken answer does not drown the rest.
const LARGEST: f64 = 1e6;

/// What is counted beside the measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ComparisonCount")]
pub enum Count {
    /// Pairs of lists, those without a hit included. A batch has one for each of its queries.
    Comparisons,
    /// The reference had hits and the candidate none.
    Emptied,
    /// The candidate had hits and the reference none.
    Filled,
    /// Questions to which the candidate answered with an error, or not in time.
    Failed,
    /// Questions to which its answer could not be read.
    Unreadable,
}

impl Count {
    pub const ALL: [Self; 5] = [Self::Comparisons, Self::Emptied, Self::Filled, Self::Failed, Self::Unreadable];

    const fn index(self) -> usize {
        self as usize
    }
}

/// The sums of one bucket, or of a whole series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    counts: [u64; COUNTS],
    measured: [u64; MEASURES],
    /// In millionths.
    sums: [i64; MEASURES],
}

impl Sums {
    #[must_use]
    pub const fn count(&self, count: Count) -> u64 {
        self.counts[count.index()]
    }

    /// How many comparisons had it.
    #[must_use]
    pub const fn measured(&self, measure: Measure) -> u64 {
        self.measured[measure.index()]
    }

    /// The sum of what they had.
    #[must_use]
    pub fn sum(&self, measure: Measure) -> f64 {
        self.sums[measure.index()] as f64 / MILLIONTHS
    }

    pub(super) const fn millionths(&self, measure: Measure) -> i64 {
        self.sums[measure.index()]
    }

    pub(super) const fn restore(&mut self, measure: Measure, measured: u64, sum: i64) {
        self.measured[measure.index()] = measured;
        self.sums[measure.index()] = sum;
    }

    pub(super) const fn set(&mut self, count: Count, value: u64) {
        self.counts[count.index()] = value;
    }

    pub(super) fn add(&mut self, count: Count) {
        self.counts[count.index()] = self.counts[count.index()].saturating_add(1);
    }

    pub(super) fn measure(&mut self, measure: Measure, value: f64) {
        if !value.is_finite() {
            return;
        }
        let index = measure.index();
        self.measured[index] = self.measured[index].saturating_add(1);
        #[expect(clippy::cast_possible_truncation, reason = "it is between limits far from those of the type")]
        let millionths = (value.clamp(-LARGEST, LARGEST) * MILLIONTHS).round() as i64;
        self.sums[index] = self.sums[index].wrapping_add(millionths);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts).chain(self.measured.iter_mut().zip(&other.measured)) {
            *mine = mine.saturating_add(*theirs);
        }
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            *mine = mine.wrapping_add(*theirs);
        }
    }
}
