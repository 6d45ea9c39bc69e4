//! What is said of whole numbers, shares and counts, besides: by values as if these were independent. Where a unit has many
//! they are not, and it is the tests over buckets that count; where there are a few, these are exact and those are rough.

use schemars::JsonSchema;
use serde::Serialize;

use super::reading::Mean;
use crate::stats::inference::barnard::barnard;
use crate::stats::inference::proportion::{Share, agresti_caffo, clopper_pearson, newcombe};
use crate::stats::inference::shares::{Counted, fisher, pooled_z};
use crate::stats::inference::{Interval, binomial};

/// Above so many values in all an exact answer is the approximate one, and takes long.
const EXACT: f64 = 10_000.0;

/// Of a metric whose values are 0 or 1. All null for others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ShareReport {
    /// Two-sided, with one variance for both.
    pub pooled_z_p_value: Option<f64>,
    /// Of the difference.
    pub agresti_caffo_interval: Option<Interval>,
    /// Up to ten thousand values in all.
    pub fisher_p_value: Option<f64>,
    /// Up to two hundred values in all.
    pub barnard_p_value: Option<f64>,
    /// Clopper and Pearson's, of each share, up to ten thousand values.
    pub control_interval: Option<Interval>,
    pub treatment_interval: Option<Interval>,
}

/// Of a metric whose values are counted. All null for others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct CountReport {
    /// Exact, of what was counted for each value, as if it came by chance alone. Up to ten thousand in all.
    pub rate_p_value: Option<f64>,
}

/// Newcombe's interval of a difference of shares, and all else that is said of it.
pub(super) fn compare(control: &Mean, treatment: &Mean, alpha: f64) -> Option<(Option<Interval>, ShareReport)> {
    let (a, b) = (share(control)?, share(treatment)?);
    let few = a.1 + b.1 <= EXACT;
    let exact = |share: Share| clopper_pearson(share, alpha).filter(|_| share.1 <= EXACT);
    let counted = few.then(|| (counted(b), counted(a)));
    let report = ShareReport {
        pooled_z_p_value: pooled_z(b, a),
        agresti_caffo_interval: agresti_caffo(b, a, alpha),
        fisher_p_value: counted.and_then(|(b, a)| fisher(b, a)),
        barnard_p_value: counted.and_then(|(b, a)| barnard(b, a)),
        control_interval: exact(a),
        treatment_interval: exact(b),
    };
    Some((newcombe(b, a, alpha), report))
}

impl CountReport {
    pub(super) fn of(control: &Mean, treatment: &Mean) -> Self {
        let few = control.is_count() && treatment.is_count() && control.sum() + treatment.sum() <= EXACT;
        let rate = |mean: &Mean| (counted((mean.sum(), 0.0)).0, mean.ratio.denominator);
        Self { rate_p_value: if few { binomial::rates(rate(treatment), rate(control)) } else { None } }
    }
}

/// Events, and values.
pub(super) fn share(mean: &Mean) -> Option<Share> {
    // A mean times a count is off by rounding.
    mean.is_share().then(|| (mean.sum().round(), mean.ratio.denominator))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers from zero up")]
fn counted((events, count): Share) -> Counted {
    (events.round() as u64, count as u64)
}
