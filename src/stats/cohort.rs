//! What one cohort did in one window of a rollout, in a form that replicas can add up.
//!
//! Units fall into 128 buckets by their hash. Everything a unit does lands in one bucket, so buckets are independent of each
//! other even though the requests of one unit are not, and the spread between buckets is an honest measure of chance
//! ([`super::Ratio`]). Written by whoever observes requests, merged and judged by the controller ([`super::guard`]).
//!
//! Invariant: merging is addition and bitwise or. Any partition of the requests over workers, replicas and time, merged in
//! any order, gives the same summary to the last bit.

mod columns;

use serde::{Deserialize, Serialize};

use super::sums::{Outcome, Sums, Thresholds};
use super::unit_set::UnitSet;
use columns::Columns;
pub use columns::ColumnsFault;

/// How many buckets the units of a cohort fall into.
pub const BUCKETS: usize = 128;

/// The summary of one cohort in one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Columns", into = "Columns")]
pub struct Cohort {
    buckets: Box<[Sums]>,
    units: UnitSet,
    units_with_error: UnitSet,
}

impl Default for Cohort {
    fn default() -> Self {
        Self { buckets: vec![Sums::default(); BUCKETS].into_boxed_slice(), units: UnitSet::default(), units_with_error: UnitSet::default() }
    }
}

impl Cohort {
    /// The bucket of a unit with this hash. Other bits than [`UnitSet::cell`] takes, so that neither says anything of the other.
    #[must_use]
    pub const fn bucket(hash: u64) -> usize {
        (hash % BUCKETS as u64) as usize
    }

    /// What somebody else has counted, bucket by bucket.
    #[must_use]
    pub fn of_counts(buckets: [Sums; BUCKETS], units: UnitSet, units_with_error: UnitSet) -> Self {
        Self { buckets: Box::new(buckets), units, units_with_error }
    }

    /// One request. `unit` is the unit's hash under the window's statistics salt; a request without a unit was assigned by
    /// itself and is a unit of its own, with a random number for its hash.
    pub fn record(&mut self, unit: u64, outcome: Outcome, thresholds: Thresholds) {
        self.buckets[Self::bucket(unit)].record(outcome, thresholds);
        self.units.insert(unit);
        if outcome == Outcome::Failed {
            self.units_with_error.insert(unit);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.merge(theirs);
        }
        self.units.merge(&other.units);
        self.units_with_error.merge(&other.units_with_error);
    }

    #[must_use]
    pub fn totals(&self) -> Sums {
        let mut totals = Sums::default();
        self.buckets.iter().for_each(|bucket| totals.merge(bucket));
        totals
    }

    #[must_use]
    pub fn requests(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, bucket| bucket.requests.saturating_add(sum))
    }

    #[must_use]
    pub const fn buckets(&self) -> &[Sums] {
        &self.buckets
    }

    #[must_use]
    pub const fn units(&self) -> &UnitSet {
        &self.units
    }

    #[must_use]
    pub const fn units_with_error(&self) -> &UnitSet {
        &self.units_with_error
    }
}
