//! What is held against a limit, and how surely it is known.

use super::rule::Rule;
use crate::stats::ratio::Contrast;
use crate::stats::sequence::{Sequence, Sides, widen};
use crate::stats::trials::Excess;

/// A harm that was seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Harm {
    /// Its uncertainty is told by how buckets differ.
    Spread(Contrast),
    /// A share with too few events for that: by exact bounds, each from the reading of its trials that takes more.
    Few { from_below: Excess, from_above: Excess },
}

impl From<Contrast> for Harm {
    fn from(contrast: Contrast) -> Self {
        Self::Spread(contrast)
    }
}

impl Harm {
    pub(super) fn estimate(&self) -> f64 {
        match self {
            Self::Spread(contrast) => contrast.estimate,
            Self::Few { from_below, .. } => from_below.estimate(),
        }
    }

    /// The bounds that decide: below the lower one lies the truth with chance `alpha`, above the upper one with `pass_alpha`,
    /// whenever one looks. None if the rule or the variance is not one to judge by.
    pub(super) fn bounds(&self, rule: &Rule) -> Option<(f64, f64)> {
        let (lower, upper) = match self {
            Self::Spread(contrast) => {
                let reach = |alpha: f64| {
                    let boundary = Sequence::new(Sides::One, alpha, rule.planned_requests)?.boundary(contrast.sample);
                    Some(widen(boundary, contrast.degrees) * contrast.standard_error())
                };
                (contrast.estimate - reach(rule.alpha)?, contrast.estimate + reach(rule.pass_alpha)?)
            }
            Self::Few { from_below, from_above } => {
                let proper = |alpha: f64| alpha > 0.0 && alpha < 1.0;
                if !proper(rule.alpha) || !proper(rule.pass_alpha) {
                    return None;
                }
                (from_below.lower(rule.alpha), from_above.upper(rule.pass_alpha))
            }
        };
        (!lower.is_nan() && !upper.is_nan()).then_some((lower, upper))
    }

    /// How many more units without an event would bring the upper bound below the limit.
    pub(super) fn clean_units_needed(&self, rule: &Rule, limit: f64) -> Option<u64> {
        match self {
            Self::Spread(_) => None,
            Self::Few { from_above, .. } => from_above.clean_units_needed(rule.pass_alpha, limit),
        }
    }
}
