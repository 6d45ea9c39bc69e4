//! What one cohort did in one window of a rollout, in a form that replicas can add up.
//!
//! Units fall into 128 buckets by their hash. Everything a unit does lands in one bucket, so buckets are independent of each
//! other even though the requests of one unit are not, and the spread between buckets is an honest measure of chance
//! ([`super::Ratio`]). Written by the data plane, merged and judged by the leader ([`super::guard`]).
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
    units_refused: UnitSet,
}

impl Default for Cohort {
    fn default() -> Self {
        Self::of_counts([Sums::default(); BUCKETS], UnitSet::default(), UnitSet::default(), UnitSet::default())
    }
}

impl Cohort {
    /// The bucket of a unit with this hash. Other bits than [`UnitSet::cell`] takes, so that neither says anything of the other.
    #[must_use]
    pub const fn bucket(hash: u64) -> usize {
        (hash % BUCKETS as u64) as usize
    }

    /// Adds what another replica has counted, bucket by bucket.
    #[must_use]
    pub fn of_counts(buckets: [Sums; BUCKETS], units: UnitSet, units_with_error: UnitSet, units_refused: UnitSet) -> Self {
        Self { buckets: Box::new(buckets), units, units_with_error, units_refused }
    }

    /// One request. `unit` is the unit's hash under the window's statistics salt; a request without a unit was assigned by
    /// itself and is a unit of its own, with a random number for its hash.
    pub fn record(&mut self, unit: u64, outcome: Outcome, thresholds: Thresholds) {
        self.buckets[Self::bucket(unit)].record(outcome, thresholds);
        match outcome {
            Outcome::Answered { .. } => self.units.insert(unit),
            Outcome::Failed => {
                self.units.insert(unit);
                self.units_with_error.insert(unit);
            }
            Outcome::Refused(_) => self.units_refused.insert(unit),
            Outcome::ClientsFault(_) => {}
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.merge(theirs);
        }
        self.units.merge(&other.units);
        self.units_with_error.merge(&other.units_with_error);
        self.units_refused.merge(&other.units_refused);
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

    /// Those with a request: an answer or a failure.
    #[must_use]
    pub const fn units(&self) -> &UnitSet {
        &self.units
    }

    /// Those with a request or a refusal.
    #[must_use]
    pub fn units_asking(&self) -> UnitSet {
        let mut all = self.units.clone();
        all.merge(&self.units_refused);
        all
    }

    /// How many of `units`, were they of equal weight, would say as much of what `of` counts of them, `(sum N_u)^2 / sum N_u^2`
    /// (Kish 1965).
    ///
    /// The sum of squares over units is that over buckets, less the products of units that share one; of these the number of
    /// pairs is known.
    #[must_use]
    pub fn effective_units(&self, units: &UnitSet, of: impl Fn(&Sums) -> u64) -> f64 {
        let (total, squares) =
            self.buckets.iter().map(|sums| of(sums) as f64).fold((0.0, 0.0), |(sum, squares), part| (sum + part, squares + part * part));
        let count = units.estimate().units.min(total);
        let mean = total / count;
        let own = squares - mean * mean * units.pairs_by_remainder(BUCKETS);
        let effective = total * total / own;
        // No more than there are; of an estimate that is none, all there are.
        if effective > 0.0 { effective.min(count) } else { count.max(0.0) }
    }

    #[must_use]
    pub const fn units_with_error(&self) -> &UnitSet {
        &self.units_with_error
    }

    /// Those with a refusal that is to be compared.
    #[must_use]
    pub const fn units_refused(&self) -> &UnitSet {
        &self.units_refused
    }
}
