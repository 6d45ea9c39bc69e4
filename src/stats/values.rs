//! Values that people report about units, such as clicks, in a form that adds up.
//!
//! Values of one unit fall into one of the 128 statistics buckets, as requests do ([`super::cohort`]); of each bucket only
//! moments are kept, and of all of them together a sketch for percentiles. What this takes does not grow with the traffic.
//!
//! Merging adds up: by Chan, Golub and LeVeque (1979) for the moments, so that no digits are lost in differences of squares.

use serde::{Deserialize, Serialize};
use sketches_ddsketch::{Config, DDSketch};

use super::cohort::BUCKETS;
use super::inference::fixed::Sample;

/// One bucket: how many values, their mean, the sum of squared distances from it, and what they are divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "(u64, f64, f64, f64)", into = "(u64, f64, f64, f64)")]
pub struct Moments {
    pub count: u64,
    pub mean: f64,
    pub squares: f64,
    /// The sum of denominators: of a metric that is no ratio, the count.
    pub below: f64,
}

impl From<(u64, f64, f64, f64)> for Moments {
    fn from((count, mean, squares, below): (u64, f64, f64, f64)) -> Self {
        Self { count, mean, squares, below }
    }
}

impl From<Moments> for (u64, f64, f64, f64) {
    fn from(moments: Moments) -> Self {
        (moments.count, moments.mean, moments.squares, moments.below)
    }
}

impl Moments {
    fn one(value: f64, below: f64) -> Self {
        Self { count: 1, mean: value, squares: 0.0, below }
    }

    #[must_use]
    pub fn sum(&self) -> f64 {
        self.mean * self.count as f64
    }

    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count = self.count.saturating_add(other.count);
        let all = mine + theirs;
        self.mean += distance * theirs / all;
        self.squares += other.squares + distance * distance * mine * theirs / all;
        self.below += other.below;
    }
}

/// All values of one metric in one arm.
#[derive(Clone, Serialize, Deserialize)]
pub struct Values {
    buckets: Box<[Moments]>,
    sketch: DDSketch,
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Values").field("total", &self.total()).finish_non_exhaustive()
    }
}

impl Default for Values {
    fn default() -> Self {
        Self { buckets: vec![Moments::default(); BUCKETS].into_boxed_slice(), sketch: DDSketch::new(Config::defaults()) }
    }
}

impl Values {
    /// One value of a unit in this bucket. `below` is 1 unless the metric is a ratio.
    pub fn record(&mut self, bucket: usize, value: f64, below: f64) {
        self.buckets[bucket % BUCKETS].merge(&Moments::one(value, below));
        self.sketch.add(value);
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.merge(theirs);
        }
        // Both have the one configuration there is, so they fit; a foreign one is left out of the percentiles only.
        self.sketch.merge(&other.sketch).ok();
    }

    #[must_use]
    pub const fn buckets(&self) -> &[Moments] {
        &self.buckets
    }

    #[must_use]
    pub fn total(&self) -> Moments {
        let mut total = Moments::default();
        self.buckets.iter().for_each(|bucket| total.merge(bucket));
        total
    }

    /// Mean and spread of single values.
    #[must_use]
    pub fn sample(&self) -> Option<Sample> {
        let total = self.total();
        let count = total.count as f64;
        (total.count > 1).then(|| Sample { count, mean: total.mean, variance: total.squares / (count - 1.0) })
    }

    /// A percentile, within one percent of its value.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.sketch.quantile(q).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[(usize, f64)]) -> Values {
        let mut summary = Values::default();
        values.iter().for_each(|(bucket, value)| summary.record(*bucket, *value, 1.0));
        summary
    }

    #[test]
    fn moments_are_those_of_the_values() {
        let sample = of(&[(0, 1.0), (1, 2.0), (2, 4.0), (0, 9.0)]).sample().expect("four values");
        assert_eq!((sample.count, sample.mean), (4.0, 4.0));
        assert!((sample.variance - 38.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_was_written_is_read_back() {
        let summary = of(&[(3, 0.25), (3, -1.5), (127, 1e6)]);
        let text = serde_json::to_string(&summary).expect("it is JSON");
        let read: Values = serde_json::from_str(&text).expect("it was written by itself");
        assert_eq!(read.buckets(), summary.buckets());
        assert_eq!(read.quantile(0.5), summary.quantile(0.5));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(values in prop::collection::vec((0..BUCKETS, -1e3..1e3), 2..200), cut in any::<prop::sample::Index>()) {
            let (left, right) = values.split_at(cut.index(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            let (merged, whole) = (merged.sample().expect("two values"), of(&values).sample().expect("two values"));
            prop_assert!((merged.mean - whole.mean).abs() < 1e-9 && (merged.variance - whole.variance).abs() < 1e-6 * whole.variance.max(1.0));
            prop_assert_eq!(merged.count, whole.count);
        }
    }
}
