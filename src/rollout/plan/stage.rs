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
    /// 0.0001 to 100, in steps of 0.0001. Optional only so that its absence can be told along with everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Period>,
    /// The same in minutes, for plans written for other tools; fractions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_minutes: Option<f64>,
    /// Instead of the plan's guards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guards: Option<Vec<Guard>>,
    /// Somebody must approve before the canary leaves this stage upwards.
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
