//! The states of a shadow comparison, and the steps between them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Timestamp;
use crate::rollout::By;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShadowState {
    Running,
    /// Nothing is mirrored any more; the last counts come in.
    Settling,
    /// The report is frozen.
    Ended,
}

impl ShadowState {
    /// Each is entered once at most, in this order.
    pub const ALL: [Self; 3] = [Self::Running, Self::Settling, Self::Ended];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Settling => "settling",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for ShadowState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShadowStep {
    pub at: Timestamp,
    pub state: ShadowState,
    pub actor: String,
    pub reason: String,
}

impl ShadowStep {
    pub(super) fn new(at: Timestamp, state: ShadowState, by: &By) -> Self {
        Self { at, state, actor: by.actor.clone(), reason: by.reason.clone() }
    }
}
