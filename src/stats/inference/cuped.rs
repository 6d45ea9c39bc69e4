//! Taking out what was there before (CUPED; Deng, Xu, Kohavi and Walker, 2013): buckets that were slow, or clicked much,
//! before an experiment will be so in it, in whichever arm. What that explains is no noise of the comparison.
//!
//! Works on bucket sums, before and after: the map from units to buckets is the same, so the summaries of the pre-period are
//! all it needs. A ratio after is adjusted by the ratio before, and the variance is that of the delta method over all four sums,
//! by their residuals (Jin and Ba, 2023).

use crate::stats::ratio::{Base, Estimate, Ratio};

/// One bucket of one arm: the sum of the metric and what it is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub above: f64,
    pub below: f64,
    /// The same before the experiment; zeros where nothing was seen then.
    pub before: (f64, f64),
}

/// An adjustment from the buckets of all arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuped {
    /// How much of the value before comes back in the value after.
    pub theta: f64,
    /// The share of variance that is explained.
    pub explained: f64,
    /// The value before, of all arms: an arm that was there needs no adjustment.
    pub(super) center: f64,
}

/// An arm with what is explained taken out, and as it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    pub estimate: Estimate,
    pub raw: Base,
}

impl Cuped {
    /// Theta is `Cov(after, before) / Var(before)`, added up over the arms, each around its own ratios so that an effect of
    /// the treatment is not taken for a relation. None where the value before does not vary, or an arm has none.
    #[must_use]
    pub fn of(arms: &[Vec<Cell>]) -> Option<Self> {
        let (mut both, mut before, mut after, mut sums) = (0.0, 0.0, 0.0, (0.0, 0.0));
        for arm in arms {
            let residuals = Residuals::of(arm)?;
            both += residuals.product(|pair| pair.0 * pair.1);
            before += residuals.product(|pair| pair.1 * pair.1);
            after += residuals.product(|pair| pair.0 * pair.0);
            arm.iter().for_each(|cell| sums = (sums.0 + cell.before.0, sums.1 + cell.before.1));
        }
        (before > 0.0 && after > 0.0).then(|| Self {
            theta: both / before,
            explained: both * both / (before * after),
            center: sums.0 / sums.1,
        })
    }

    /// One arm. None as in [`Cuped::of`].
    #[must_use]
    pub fn adjust(&self, arm: &[Cell]) -> Option<Adjusted> {
        let ratio = Ratio::of_sums(arm.iter().map(|cell| (cell.above, cell.below)))?;
        let residuals = Residuals::of(arm)?;
        let left = |pair: (f64, f64)| pair.0 - self.theta * pair.1;
        let estimate = Estimate {
            value: ratio.value - self.theta * (residuals.before - self.center),
            variance: residuals.product(|pair| left(pair).powi(2)),
            ..Estimate::from(&ratio)
        };
        let covariance = residuals.product(|pair| left(pair) * pair.0);
        Some(Adjusted { estimate, raw: Base { value: ratio.value, variance: ratio.variance, covariance } })
    }
}

/// How far each bucket is from its arm's ratios after and before, in parts of those.
struct Residuals {
    pairs: Vec<(f64, f64)>,
    before: f64,
}

impl Residuals {
    fn of(arm: &[Cell]) -> Option<Self> {
        let seen = || arm.iter().filter(|cell| cell.below > 0.0 || cell.before.1 > 0.0);
        let sum = |part: fn(&Cell) -> f64| seen().map(part).sum::<f64>();
        let (after, before) = (sum(|cell| cell.below), sum(|cell| cell.before.1));
        let (ratio, was) = (sum(|cell| cell.above) / after, sum(|cell| cell.before.0) / before);
        let pair = |cell: &Cell| ((cell.above - ratio * cell.below) / after, (cell.before.0 - was * cell.before.1) / before);
        let pairs: Vec<(f64, f64)> = seen().map(pair).collect();
        (pairs.len() > 1 && after > 0.0 && before > 0.0).then_some(Self { pairs, before: was })
    }

    /// An unbiased sum over the buckets.
    fn product(&self, of: impl Fn((f64, f64)) -> f64) -> f64 {
        let count = self.pairs.len() as f64;
        count / (count - 1.0) * self.pairs.iter().map(|pair| of(*pair)).sum::<f64>()
    }
}
