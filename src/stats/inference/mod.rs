//! What an experiment is concluded from: tests, intervals, effect sizes, power.
//!
//! PURE, as the whole room. Everything takes sums or lists of bucket values, and what cannot be computed is `None`, never a
//! number that looks like one. Sources of the formulas: `docs/statistics.md`.
//!
//! ```text
//! fixed          one look, chosen beforehand: Welch's t          ranks      Mann-Whitney, Hodges-Lehmann, A12
//! always         any number of looks: a confidence sequence      brunner_munzel  the same where spreads differ
//! proportion     intervals of shares: Wilson and others          quantile   percentiles of clustered requests
//! shares         tests of two: pooled, Fisher, score             cuped      what a pre-period explains, taken out
//! barnard        two shares of few                               jackknife  a second opinion on a ratio's error
//! binomial       a share against a known one, two rates          bayes      for display only
//! effect         Cohen's d, Hedges' g                            power      how much is needed, how little can be seen
//! family         several comparisons at once: Holm, BH, BY       sizes      the same by t, and for shares
//! outcomes, noncentral, differences: what these are computed with  midway  what will be seen with more
//! ```

pub mod always;
pub mod barnard;
pub mod bayes;
pub mod binomial;
pub mod brunner_munzel;
pub mod cuped;
mod differences;
pub mod effect;
pub mod family;
pub mod fixed;
pub mod jackknife;
pub mod midway;
mod noncentral;
mod outcomes;
pub mod power;
pub mod proportion;
pub mod quantile;
pub mod ranks;
pub mod shares;
pub mod sizes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// A range that holds the truth with the confidence it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ConfidenceInterval")]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    fn around(estimate: f64, half: f64) -> Self {
        Self { low: estimate - half, high: estimate + half }
    }

    /// Everything.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }
}

/// The point that a standard normal leaves this much above it.
fn normal_quantile(upper_tail: f64) -> f64 {
    Normal::standard().inverse_cdf(1.0 - upper_tail)
}

/// Both tails beyond `z`.
fn normal_tails(z: f64) -> f64 {
    (2.0 * normal_upper(z.abs())).min(1.0)
}

/// What lies above `z`.
fn normal_upper(z: f64) -> f64 {
    Normal::standard().sf(z)
}

pub(in crate::stats) fn student(degrees: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees).ok()
}

#[cfg(test)]
mod tests;
