//! Taking out what was there before (CUPED; Deng, Xu, Kohavi and Walker, 2013): buckets that were slow, or clicked much,
//! before an experiment will be so in it, in whichever arm. What that explains is no noise of the comparison.
//!
//! Works on bucket values, weighted by what they stand for: the map from units to buckets is the same before and after the
//! start, so the summaries of the pre-period are all it needs.

use crate::stats::Ratio;

/// One bucket of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The sum of the metric, and what it is divided by.
    pub above: f64,
    pub below: f64,
    /// The metric's value before the experiment; none where nothing was seen then.
    pub before: Option<f64>,
}

/// An adjustment from the buckets of all arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuped {
    /// How much of the value before comes back in the value after.
    pub theta: f64,
    /// The share of variance that is explained.
    pub explained: f64,
    center: f64,
}

impl Cuped {
    /// Theta is `Cov(Y, X) / Var(X)` over the buckets of all arms, each arm around its own means so that an effect of the
    /// treatment is not taken for a relation. None where the value before does not vary.
    #[must_use]
    pub fn of(arms: &[Vec<Cell>]) -> Option<Self> {
        let (mut xy, mut xx, mut yy, mut sum_x, mut weight) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for arm in arms {
            let pairs: Vec<(f64, f64, f64)> = arm.iter().filter_map(Cell::pair).collect();
            let total: f64 = pairs.iter().map(|(_, _, below)| below).sum();
            if total <= 0.0 {
                continue;
            }
            let mean = |value: fn(&(f64, f64, f64)) -> f64| pairs.iter().map(|pair| value(pair) * pair.2).sum::<f64>() / total;
            let (mean_y, mean_x) = (mean(|pair| pair.0), mean(|pair| pair.1));
            for (y, x, below) in &pairs {
                xy += below * (y - mean_y) * (x - mean_x);
                xx += below * (x - mean_x).powi(2);
                yy += below * (y - mean_y).powi(2);
            }
            sum_x += mean_x * total;
            weight += total;
        }
        (xx > 0.0 && yy > 0.0 && weight > 0.0).then(|| Self { theta: xy / xx, explained: xy * xy / (xx * yy), center: sum_x / weight })
    }

    /// The ratio of one arm with what is explained taken out. Buckets without a value before stay as they are.
    #[must_use]
    pub fn adjust(&self, arm: &[Cell]) -> Option<Ratio> {
        Ratio::of_sums(arm.iter().map(|cell| {
            let known = cell.before.map_or(0.0, |before| self.theta * (before - self.center));
            (cell.above - known * cell.below, cell.below)
        }))
    }
}

impl Cell {
    fn pair(&self) -> Option<(f64, f64, f64)> {
        let before = self.before.filter(|_| self.below > 0.0)?;
        Some((self.above / self.below, before, self.below))
    }
}
