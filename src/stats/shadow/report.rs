//! What may be concluded: means with intervals that know that queries of one unit are alike, and what is left of a difference
//! when that of the reference from itself is taken off.
//!
//! An index that searches approximately, and a collection that is written to, answer the same question differently. That
//! noise floor is measured, by asking the reference once more, and not guessed. `excess` is how much more the shadow differs
//! from what users got than the reference does. Both series hear the same questions, so their buckets are compared in pairs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::ContinuousCDF as _;

use super::{Count, Measure, Range, Series, Summary, Sums};
use crate::stats::inference::student;
use crate::stats::{Contrast, Ratio};

/// What intervals are said with: for display, at one look.
pub const CONFIDENCE: f64 = 0.95;

/// A number, and where it may be. Without bounds where there is too little to tell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Estimate")]
pub struct Interval {
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// How many observations it is the mean of; of an excess, the smaller of the two numbers.
    pub observations: u64,
    /// As many buckets of equal weight would be as uncertain.
    pub effective_buckets: f64,
}

/// One measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasureReport {
    pub measure: Measure,
    pub shadow: Option<Interval>,
    pub noise: Option<Interval>,
    /// How much more the shadow differs than the reference from itself: above zero is further away.
    pub excess: Option<Interval>,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShadowShare")]
pub struct ShareReport {
    pub of: Count,
    pub shadow: Option<Interval>,
    pub noise: Option<Interval>,
    pub excess: Option<Interval>,
}

/// What a comparison has found, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShadowNumbers")]
pub struct Report {
    pub comparisons: u64,
    pub noise_comparisons: u64,
    pub measures: Vec<MeasureReport>,
    pub shares: Vec<ShareReport>,
}

/// What counts can be shares of something.
const SHARES: [Count; 4] = [Count::Emptied, Count::Filled, Count::Failed, Count::Unreadable];

impl Summary {
    #[must_use]
    pub fn report(&self) -> Report {
        let measures = Measure::ALL.into_iter().map(|measure| {
            let (shadow, noise) = (Mean::of_measure(&self.shadow, measure), Mean::of_measure(&self.noise, measure));
            let excess = shadow.as_ref().zip(noise.as_ref()).map(|(shadow, noise)| excess_of(measure, shadow, noise).interval());
            MeasureReport { measure, shadow: shadow.map(|mean| mean.interval()), noise: noise.map(|mean| mean.interval()), excess }
        });
        let shares = SHARES.into_iter().map(|of| {
            let (shadow, noise) = (Mean::of_share(&self.shadow, of), Mean::of_share(&self.noise, of));
            let excess = shadow.as_ref().zip(noise.as_ref()).map(|(shadow, noise)| shadow.less(noise).interval());
            ShareReport { of, shadow: shadow.map(|mean| mean.interval()), noise: noise.map(|mean| mean.interval()), excess }
        });
        Report {
            comparisons: self.shadow.totals().count(Count::Comparisons),
            noise_comparisons: self.noise.totals().count(Count::Comparisons),
            measures: measures.collect(),
            shares: shares.collect(),
        }
    }

    /// A measure of the shadow against what users got, for whoever tests it at several looks ([`crate::stats::Sequence`]). None
    /// where nothing can be said of its uncertainty.
    #[must_use]
    pub fn mean(&self, measure: Measure) -> Option<Contrast> {
        known(&Mean::of_measure(&self.shadow, measure)?)
    }

    /// As [`Self::mean`], of a share.
    #[must_use]
    pub fn share(&self, of: Count) -> Option<Contrast> {
        known(&Mean::of_share(&self.shadow, of)?)
    }

    /// How much more the shadow differs by this measure than the reference from itself, for whoever tests it at several looks
    /// ([`crate::stats::Sequence`]). None without a noise floor, or with everything in one bucket.
    #[must_use]
    pub fn excess(&self, measure: Measure) -> Option<Contrast> {
        let (shadow, noise) = (Mean::of_measure(&self.shadow, measure)?, Mean::of_measure(&self.noise, measure)?);
        known(&excess_of(measure, &shadow, &noise))
    }
}

fn known(mean: &Mean) -> Option<Contrast> {
    Some(mean.contrast()).filter(|contrast| contrast.variance.is_finite())
}

/// Of what is the same at 1, less is further away; of what is the same at 0, more is.
fn excess_of(measure: Measure, shadow: &Mean, noise: &Mean) -> Mean {
    match measure.range() {
        Range::Unit | Range::Signed => noise.less(shadow),
        Range::Open => shadow.less(noise),
    }
}

/// A ratio of sums over buckets, and each bucket's part in its error.
struct Mean {
    value: f64,
    /// Infinite where nothing is known of it.
    variance: f64,
    /// How much of the variance the buckets did not show.
    unseen: f64,
    degrees: f64,
    observations: u64,
    effective_buckets: f64,
    /// By how much each bucket moves the mean; none where it has nothing.
    pulls: Vec<Option<f64>>,
    /// No mean can lie outside, so no interval needs to.
    within: (f64, f64),
}

const UNIT: (f64, f64) = (0.0, 1.0);
const ANYWHERE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Mean {
    fn of_measure(series: &Series, measure: Measure) -> Option<Self> {
        let below = |sums: &Sums| sums.measured(measure) as f64;
        let as_mean = |ratio: Ratio| ratio.as_mean(series.units());
        match measure.range() {
            Range::Unit => Self::of(series, UNIT, |sums| (sums.sum(measure), below(sums)), as_mean),
            Range::Open => Self::of(series, ANYWHERE, |sums| (sums.sum(measure), below(sums)), |ratio| ratio),
            // Seen as a mean between 0 and 1, and seen back.
            Range::Signed => {
                let unit = Self::of(series, UNIT, |sums| (f64::midpoint(sums.sum(measure), below(sums)), below(sums)), as_mean)?;
                Some(unit.stretched())
            }
        }
    }

    fn of_share(series: &Series, count: Count) -> Option<Self> {
        let questions = |sums: &Sums| sums.count(Count::Failed) + sums.count(Count::Unreadable) + sums.measured(Measure::LogLatencyRatio);
        let below = |sums: &Sums| match count {
            Count::Failed | Count::Unreadable => questions(sums),
            Count::Comparisons | Count::Emptied | Count::Filled => sums.count(Count::Comparisons),
        };
        let as_share = |ratio: Ratio| ratio.as_share(series.units());
        Self::of(series, UNIT, |sums| (sums.count(count) as f64, below(sums) as f64), as_share)
    }

    fn of(series: &Series, within: (f64, f64), sums: impl Fn(&Sums) -> (f64, f64), read: impl Fn(Ratio) -> Ratio) -> Option<Self> {
        let pairs: Vec<(f64, f64)> = series.buckets().iter().map(sums).collect();
        let (above, below) = pairs.iter().fold((0.0, 0.0), |(above, below), pair| (above + pair.0, below + pair.1));
        if below <= 0.0 {
            return None;
        }
        let value = above / below;
        let ratio = Ratio::of_sums(pairs.iter().copied());
        let read = ratio.map(read);
        let pull = |(above, weight): &(f64, f64)| (*weight > 0.0).then(|| (above - value * weight) / below);
        let variance = |ratio: Option<Ratio>| ratio.map_or(f64::INFINITY, |ratio| ratio.variance);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let observations = below as u64;
        Some(Self {
            value,
            variance: variance(read),
            unseen: if ratio.is_some() { variance(read) - variance(ratio) } else { f64::INFINITY },
            degrees: ratio.map_or(0.0, |ratio| ratio.degrees()),
            observations,
            effective_buckets: ratio.map_or(1.0, |ratio| ratio.effective_buckets),
            pulls: pairs.iter().map(pull).collect(),
            within,
        })
    }

    /// From 0 to 1 to -1 to 1.
    fn stretched(self) -> Self {
        Self {
            value: 2.0 * self.value - 1.0,
            variance: 4.0 * self.variance,
            unseen: 4.0 * self.unseen,
            pulls: self.pulls.into_iter().map(|pull| pull.map(|pull| 2.0 * pull)).collect(),
            within: (-1.0, 1.0),
            ..self
        }
    }

    /// The difference of two means over the same buckets: what moves both the same way moves it not at all.
    fn less(&self, other: &Self) -> Self {
        let difference = |(mine, theirs): (&Option<f64>, &Option<f64>)| match (mine, theirs) {
            (None, None) => None,
            (mine, theirs) => Some(mine.unwrap_or(0.0) - theirs.unwrap_or(0.0)),
        };
        let pulls: Vec<Option<f64>> = self.pulls.iter().zip(&other.pulls).map(difference).collect();
        let seen = pulls.iter().flatten().count() as f64;
        let spread: f64 = pulls.iter().flatten().map(|pull| pull * pull).sum();
        let unseen = self.unseen + other.unseen;
        Self {
            value: self.value - other.value,
            variance: seen / (seen - 1.0) * spread + unseen,
            unseen,
            degrees: self.degrees.min(other.degrees),
            observations: self.observations.min(other.observations),
            effective_buckets: self.effective_buckets.min(other.effective_buckets),
            pulls,
            within: (self.within.0 - other.within.1, self.within.1 - other.within.0),
        }
    }

    fn contrast(&self) -> Contrast {
        Contrast { estimate: self.value, variance: self.variance, degrees: self.degrees, sample: self.observations as f64 }
    }

    fn interval(&self) -> Interval {
        let student = student(self.degrees).filter(|_| self.degrees >= 1.0 && self.variance.is_finite());
        let half = student.map(|student| student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * self.variance.sqrt());
        Interval {
            value: self.value,
            low: half.map(|half| (self.value - half).max(self.within.0)),
            high: half.map(|half| (self.value + half).min(self.within.1)),
            observations: self.observations,
            effective_buckets: self.effective_buckets,
        }
    }
}
