//! What ranks of bucket means say besides Mann and Whitney's p-value.

use schemars::JsonSchema;
use serde::Serialize;

use crate::stats::inference::Interval;
use crate::stats::inference::brunner_munzel::brunner_munzel;
use crate::stats::inference::ranks::shift_interval;

/// Over the means of the statistics buckets, as Mann-Whitney is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct RankReport {
    /// Of the shift, around `hodges_lehmann`.
    pub shift_interval: Option<Interval>,
    /// Where the arms differ in how far their values are spread, this is the one to read.
    pub brunner_munzel_p_value: Option<f64>,
}

impl RankReport {
    pub(super) fn of(treatment: &[f64], control: &[f64], alpha: f64) -> Self {
        Self {
            shift_interval: shift_interval(treatment, control, alpha),
            brunner_munzel_p_value: brunner_munzel(treatment, control).map(|test| test.p_value),
        }
    }
}
