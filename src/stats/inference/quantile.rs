//! Percentiles of requests, where the requests of one unit are alike.
//!
//! The variance is that of ranks for independent values, `((Y_U - Y_L) / 2z)^2` with `L, U = n (q -+ z sqrt(q (1-q) / n))`,
//! times what clustering does to the share of values below the quantile: the bucketed variance of that share over
//! `q (1 - q) / n` (Deng, Knoblich and Lu, 2018; Yao, Liu, Deng and others, 2024).

use super::normal_quantile;
use super::ranks::quantile_ranks;
use crate::stats::ratio::{Estimate, Ratio};

/// The confidence at which the ranks are read; any does, this one is usual.
const READ_AT: f64 = 0.05;

/// A quantile of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    pub value: f64,
    pub variance: f64,
    /// How much more uncertain it is than of as many independent values.
    pub design_effect: f64,
    groups: f64,
    count: f64,
}

impl Quantile {
    /// From the values at the ranks between which it lies, of `count` values in so many effective groups.
    pub(super) fn of_ranks(value: f64, (low, high): (f64, f64), (count, groups): (f64, f64), design_effect: f64) -> Self {
        let spread = (high - low) / (2.0 * normal_quantile(READ_AT / 2.0));
        Self { value, variance: (count - 1.0) / count * spread * spread * design_effect, design_effect, groups, count }
    }

    /// How many values it is of.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was counted")]
    pub fn samples(&self) -> u64 {
        self.count as u64
    }
}

/// Counts by ascending cell, one row for each group of units. `value` reads a rank off the cells of all groups.
#[derive(Clone, Debug)]
pub struct Grid<'a> {
    pub groups: &'a [Vec<u64>],
    /// Where each cell begins; one more than there are cells.
    pub bounds: &'a [f64],
}

impl Grid<'_> {
    /// None if there are too few values to tell where the quantile may lie, or fewer than two groups.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let cells = self.bounds.len().saturating_sub(1);
        let mut all = vec![0_u64; cells];
        for group in self.groups {
            all.iter_mut().zip(group).for_each(|(sum, count)| *sum += count);
        }
        let count = all.iter().sum::<u64>() as f64;
        let (low, high) = quantile_ranks(q, count, READ_AT);
        if count <= 0.0 || low < 0.0 || high > count {
            return None;
        }
        let value = self.at(&all, q * count)?;
        let ends = (self.at(&all, low)?, self.at(&all, high)?);
        let below = self.groups.iter().map(|group| self.below(group, value));
        let share = Ratio::of_sums(below.zip(self.groups.iter().map(|group| group.iter().sum::<u64>() as f64)))?;
        let design_effect = share.variance / (q * (1.0 - q) / count);
        Some(Quantile::of_ranks(value, ends, (count, share.effective_buckets), design_effect))
    }

    /// The value at a rank, interpolated within its cell.
    fn at(&self, all: &[u64], rank: f64) -> Option<f64> {
        let mut seen = 0.0;
        for (cell, inside) in all.iter().enumerate().filter(|(_, inside)| **inside > 0) {
            let inside = *inside as f64;
            if seen + inside >= rank {
                let (low, high) = (self.bounds[cell], self.bounds[cell + 1]);
                return Some(low + (high - low) * ((rank - seen) / inside).clamp(0.0, 1.0));
            }
            seen += inside;
        }
        None
    }

    /// How many of a group lie below a value, the cell it is in counted in part.
    fn below(&self, group: &[u64], value: f64) -> f64 {
        let part = |(cell, count): (usize, &u64)| {
            let (low, high) = (self.bounds[cell], self.bounds[cell + 1]);
            *count as f64 * ((value - low) / (high - low)).clamp(0.0, 1.0)
        };
        group.iter().enumerate().map(part).sum()
    }
}

impl From<&Quantile> for Estimate {
    fn from(quantile: &Quantile) -> Self {
        Self { value: quantile.value, variance: quantile.variance, degrees: quantile.groups - 1.0, weight: quantile.count }
    }
}
