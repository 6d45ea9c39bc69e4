//! All comparisons of one kind, by bucket.

use serde::{Deserialize, Serialize};

use super::Measure;
use super::columns::{Columns, SeriesFault};
use super::sums::{Count, Sums};
use crate::stats::ranking::Likeness;
use crate::stats::{BUCKETS, UnitSet};

/// One pair of lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    pub reference_hits: usize,
    pub candidate_hits: usize,
    /// None where both are empty.
    pub likeness: Option<Likeness>,
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

impl From<Series> for Columns {
    fn from(series: Series) -> Self {
        Self::of(&series.buckets, series.units)
    }
}

impl TryFrom<Columns> for Series {
    type Error = SeriesFault;

    fn try_from(columns: Columns) -> Result<Self, SeriesFault> {
        let (buckets, units) = columns.read()?;
        Ok(Self { buckets, units })
    }
}

impl Default for Series {
    fn default() -> Self {
        Self { buckets: vec![Sums::default(); BUCKETS].into_boxed_slice(), units: UnitSet::default() }
    }
}

impl Series {
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
