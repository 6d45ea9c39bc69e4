//! The states of a canary.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
#[schemars(rename = "CanaryState")]
pub enum State {
    /// Its time has not come.
    Scheduled,
    /// The pre-checks run. Nothing has been changed yet.
    Initializing,
    /// Reads are mirrored to the new collection and compared; it serves no users.
    Shadowing,
    /// A stage is being watched; the only state in which the share grows.
    Stepping,
    /// The share stays (the kill switch alone takes it away), the stage's clock stands, the guards are heard.
    Paused {
        because: PauseReason,
    },
    /// Everything is on the canary; the alias is being moved and the route taken off.
    Promoting,
    /// The alias has moved. Guards are judged on all users, and a failing one moves it back.
    Watching,
    Completed,
    /// On the way back.
    RollingBack {
        towards: Ending,
    },
    /// A step of the rollback failed. It is tried again until it succeeds, and each failure is an event.
    RollbackFailed {
        towards: Ending,
    },
    RolledBack,
    /// Ended by an operator.
    Aborted,
    /// Ended because an operator moved the alias by force.
    Superseded,
    /// The pre-checks refused it; nothing had been changed.
    Failed,
}

/// Why a canary stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// An operator paused it.
    User,
    /// A guard of level `signal` failed.
    Signal,
    /// A guard failed, and the plan forbids rolling back by itself.
    Guard,
    /// The stage's time is over, and its guards can say neither yes nor no.
    Inconclusive,
    /// The stage's time is over, and too little was seen.
    NoData,
    /// The stage has passed during a freeze.
    Freeze,
    /// The numbers could not be had.
    Error,
    /// The stage has passed and waits for an approval.
    Approval,
    /// The last stage has passed, and the promotion would lose acknowledged writes.
    LostWrites,
    /// The global kill switch took the share to zero.
    KillSwitch,
}

impl PauseReason {
    /// Whether new evidence, or time, is enough to continue. Everything else needs an operator.
    #[must_use]
    pub fn clears_itself(self) -> bool {
        matches!(self, Self::Inconclusive | Self::NoData | Self::Freeze | Self::Error | Self::LostWrites)
    }
}

/// What a canary that goes back will have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CanaryEnding")]
pub enum Ending {
    RolledBack,
    Aborted,
    Superseded,
}

impl From<Ending> for State {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::RolledBack => Self::RolledBack,
            Ending::Aborted => Self::Aborted,
            Ending::Superseded => Self::Superseded,
        }
    }
}

impl State {
    /// Nothing leads out of a terminal state.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::RolledBack | Self::Aborted | Self::Superseded | Self::Failed)
    }

    /// The canary serves users, or may, or is being compared: guards count.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Shadowing | Self::Stepping | Self::Paused { .. } | Self::Promoting | Self::Watching)
    }

    /// On the way back, which is never held up.
    #[must_use]
    pub fn is_back(self) -> bool {
        matches!(self, Self::RollingBack { .. } | Self::RollbackFailed { .. })
    }

    /// As it stands in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Initializing => "initializing",
            Self::Shadowing => "shadowing",
            Self::Stepping => "stepping",
            Self::Paused { .. } => "paused",
            Self::Promoting => "promoting",
            Self::Watching => "watching",
            Self::Completed => "completed",
            Self::RollingBack { .. } => "rolling_back",
            Self::RollbackFailed { .. } => "rollback_failed",
            Self::RolledBack => "rolled_back",
            Self::Aborted => "aborted",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
