//! Stages: a share, how long it is watched, and what must hold before the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Guard;
use crate::config::Period;
use crate::rollout::Share;

/// A stage as an operator writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSpec {
    /// The share of the units, above 0 and at most 100, in steps of 0.0001. Required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub percentage: Option<f64>,
    /// How long the stage is watched. Either this or `duration_minutes` is required. Only the last stage may have 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Period>,
    /// The duration in minutes; fractions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub duration_minutes: Option<f64>,
    /// The guards of this stage, instead of those of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guards: Option<Vec<Guard>>,
    /// Whether an operator must approve before the canary leaves this stage upwards.
    #[serde(default)]
    pub approval: bool,
}

/// A stage that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    pub share: Share,
    /// Zero only for the last stage, which is then promoted as soon as every replica has applied it.
    pub duration: Period,
    pub guards: Option<Vec<Guard>>,
    pub approval: bool,
}

impl StageSpec {
    /// A stage without anything special.
    #[must_use]
    pub fn new(percentage: f64, duration: Period) -> Self {
        Self { percentage: Some(percentage), duration: Some(duration), ..Self::default() }
    }

    /// Features 51.
    pub(super) fn defaults() -> Vec<Self> {
        [(5.0, 30), (25.0, 60), (50.0, 120), (100.0, 0)]
            .map(|(percentage, minutes)| Self::new(percentage, Period::from_secs(minutes * 60)))
            .to_vec()
    }
}
