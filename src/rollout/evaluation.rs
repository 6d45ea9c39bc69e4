//! What a guard found. This room never computes statistics, it only acts on them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GuardVerdict")]
pub enum Verdict {
    /// Enough was seen, and it was good.
    Pass,
    /// Enough was seen, and it was bad.
    Fail,
    /// Neither can be said: too little was seen, or it could not be measured.
    Inconclusive,
}

/// The verdict of one guard on one window, with the numbers it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GuardEvaluation")]
pub struct Evaluation {
    /// The guard's name in the plan.
    pub guard: String,
    pub verdict: Verdict,
    pub reason: String,
    pub numbers: BTreeMap<String, f64>,
}

impl Evaluation {
    /// Without the numbers JSON cannot hold: a state with NaN in it could be written but not read again.
    pub(super) fn keepable(mut self) -> Self {
        self.numbers.retain(|_, number| number.is_finite());
        self
    }
}
