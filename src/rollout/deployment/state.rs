//! How far a deployment has come.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Work;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum DeploymentState {
    /// Whether it can be done at all. Nothing has been touched.
    Checking,
    Creating,
    Copying,
    Verifying,
    /// Another program fills the collection; an operator says when that is done.
    AwaitingReady,
    /// Strict mode, optimisers, replicas.
    Finishing,
    Validating,
    /// Acknowledged writes would be lost, and an operator has to say what is to be done.
    AwaitingAcceptance,
    /// On its way to the canary that moves the alias.
    Releasing,
    /// The canary moves the alias and watches; and so does this.
    Watching,
    Completed,
    /// What was made is being undone.
    RollingBack {
        towards: DeploymentEnding,
    },
    /// Undoing has failed, and is tried again.
    RollbackFailed {
        towards: DeploymentEnding,
    },
    RolledBack,
    Cancelled,
    /// As it is; nothing was made, or nothing is to be undone.
    Failed,
}

/// Where the way back leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentEnding {
    RolledBack,
    Cancelled,
}

impl From<DeploymentEnding> for DeploymentState {
    fn from(ending: DeploymentEnding) -> Self {
        match ending {
            DeploymentEnding::RolledBack => Self::RolledBack,
            DeploymentEnding::Cancelled => Self::Cancelled,
        }
    }
}

impl DeploymentState {
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::RolledBack | Self::Cancelled | Self::Failed)
    }

    #[must_use]
    pub const fn is_back(self) -> bool {
        matches!(self, Self::RollingBack { .. } | Self::RollbackFailed { .. })
    }

    pub(super) const fn work(self) -> Option<Work> {
        Some(match self {
            Self::Checking => Work::Check,
            Self::Creating => Work::Create,
            Self::Copying => Work::Copy,
            Self::Verifying => Work::Verify,
            Self::Finishing => Work::Finish,
            Self::Validating => Work::Validate,
            Self::Releasing => Work::Release,
            Self::Watching => Work::Watch,
            Self::RollingBack { .. } | Self::RollbackFailed { .. } => Work::Undo,
            Self::AwaitingReady | Self::AwaitingAcceptance | Self::Completed | Self::RolledBack | Self::Cancelled | Self::Failed => {
                return None;
            }
        })
    }

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Creating => "creating",
            Self::Copying => "copying",
            Self::Verifying => "verifying",
            Self::AwaitingReady => "awaiting_ready",
            Self::AwaitingAcceptance => "awaiting_acceptance",
            Self::Finishing => "finishing",
            Self::Validating => "validating",
            Self::Releasing => "releasing",
            Self::Watching => "watching",
            Self::Completed => "completed",
            Self::RollingBack { .. } => "rolling_back",
            Self::RollbackFailed { .. } => "rollback_failed",
            Self::RolledBack => "rolled_back",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for DeploymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
