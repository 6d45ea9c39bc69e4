//! What people may say to a deployment under way.

use super::{Deployment, DeploymentEnding, DeploymentState};
use crate::rollout::{By, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentCommand {
    /// The collection is filled.
    Ready,
    /// Stop, and undo what was made.
    Cancel,
    /// The same once it has the alias.
    Rollback,
}

impl DeploymentCommand {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Cancel => "cancel",
            Self::Rollback => "rollback",
        }
    }
}

impl Deployment {
    /// # Errors
    /// When the command does not fit the state: why. Nothing was changed then.
    pub fn command(&mut self, now: Timestamp, command: DeploymentCommand, by: &By) -> Result<(), String> {
        match (command, self.state) {
            (_, state) if state.is_terminal() => Err(format!("it is {state}")),
            (_, state) if state.is_back() => Err("it is on its way back".to_owned()),
            (DeploymentCommand::Ready, DeploymentState::AwaitingReady) => {
                self.enter(now, DeploymentState::Finishing, by);
                Ok(())
            }
            (DeploymentCommand::Ready, _) => Err("it does not wait for anybody".to_owned()),
            (DeploymentCommand::Rollback, DeploymentState::Watching) => {
                self.go_back(now, DeploymentEnding::RolledBack, by);
                Ok(())
            }
            (DeploymentCommand::Rollback, _) => Err("the alias has not moved; cancel it".to_owned()),
            (DeploymentCommand::Cancel, _) => {
                self.go_back(now, DeploymentEnding::Cancelled, by);
                Ok(())
            }
        }
    }

    pub(super) fn go_back(&mut self, now: Timestamp, towards: DeploymentEnding, by: &By) {
        self.enter(now, DeploymentState::RollingBack { towards }, by);
    }
}
