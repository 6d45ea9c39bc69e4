//! Sums over one kind of comparison, by bucket.

use serde::{Deserialize, Serialize};

use super::Measure;
use super::columns::Columns;
use crate::stats::ranking::Likeness;
use crate::stats::{BUCKETS, UnitSet};

const MEASURES: usize = Measure::ALL.len();
const COUNTS: usize = Count::ALL.len();
const MILLIONTHS: f64 = 1e6;
/// Scores beyond this are counted as this, so that one broken answer does not drown the rest.
const LARGEST: f64 = 1e6;

/// What is counted beside the measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// One pair of lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    pub reference_hits: usize,
    pub candidate_hits: usize,
    /// None where both are empty.
    pub likeness: Option<Likeness>,
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

    fn add(&mut self, count: Count) {
        self.counts[count.index()] = self.counts[count.index()].saturating_add(1);
    }

    fn measure(&mut self, measure: Measure, value: f64) {
        if !value.is_finite() {
            return;
        }
        let index = measure.index();
        self.measured[index] = self.measured[index].saturating_add(1);
        #[expect(clippy::cast_possible_truncation, reason = "it is between limits far from those of the type")]
        let millionths = (value.clamp(-LARGEST, LARGEST) * MILLIONTHS).round() as i64;
        self.sums[index] = self.sums[index].wrapping_add(millionths);
    }

    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts).chain(self.measured.iter_mut().zip(&other.measured)) {
            *mine = mine.saturating_add(*theirs);
        }
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            *mine = mine.wrapping_add(*theirs);
        }
    }
}

/// All comparisons of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Columns", into = "Columns")]
pub struct Series {
    buckets: Box<[Sums]>,
    /// Whose questions they were, or which questions where there is no unit: what never happened in a thousand questions of one
    /// unit is not as certain as in those of a thousand.
    units: UnitSet,
}

impl Default for Series {
    fn default() -> Self {
        Self { buckets: vec![Sums::default(); BUCKETS].into_boxed_slice(), units: UnitSet::default() }
    }
}

impl Series {
    pub(super) fn of_buckets(buckets: Box<[Sums]>, units: UnitSet) -> Self {
        Self { buckets, units }
    }

    /// One pair of lists. `hash` is that of the unit, or of the question where there is none.
    pub fn compared(&mut self, hash: u64, pair: &Paired) {
        let sums = self.bucket(hash);
        sums.add(Count::Comparisons);
        match (pair.reference_hits, pair.candidate_hits) {
            (1.., 0) => sums.add(Count::Emptied),
            (0, 1..) => sums.add(Count::Filled),
            _ => {}
        }
        let Some(likeness) = &pair.likeness else { return };
        for measure in Measure::ALL {
            if let Some(value) = measure.of(likeness) {
                sums.measure(measure, value);
            }
        }
    }

    /// How long the two answers to a question took.
    pub fn timed(&mut self, hash: u64, reference_us: u64, candidate_us: u64) {
        let ratio = (candidate_us.max(1) as f64 / reference_us.max(1) as f64).ln();
        self.bucket(hash).measure(Measure::LogLatencyRatio, ratio);
    }

    pub fn failed(&mut self, hash: u64) {
        self.bucket(hash).add(Count::Failed);
    }

    pub fn unreadable(&mut self, hash: u64) {
        self.bucket(hash).add(Count::Unreadable);
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.merge(theirs);
        }
        self.units.merge(&other.units);
    }

    pub(super) const fn unit_set(&self) -> &UnitSet {
        &self.units
    }

    /// How many different units asked, or questions without a unit.
    #[must_use]
    pub fn units(&self) -> f64 {
        self.units.estimate().units
    }

    #[must_use]
    pub const fn buckets(&self) -> &[Sums] {
        &self.buckets
    }

    #[must_use]
    pub fn totals(&self) -> Sums {
        let mut totals = Sums::default();
        self.buckets.iter().for_each(|bucket| totals.merge(bucket));
        totals
    }

    fn bucket(&mut self, hash: u64) -> &mut Sums {
        self.units.insert(hash);
        &mut self.buckets[crate::stats::Cohort::bucket(hash)]
    }
}
