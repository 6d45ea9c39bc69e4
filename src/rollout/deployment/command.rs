//! What people may say to a deployment under way.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Deployment, DeploymentEnding, DeploymentState, Source};
use crate::rollout::{By, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentCommand {
    /// The collection is filled; or it is good enough, though writes are lost.
    Ready,
    /// Compare the copy with its source once more, and bring up to date what differs.
    Verify,
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
            Self::Verify => "verify",
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
            (DeploymentCommand::Ready, DeploymentState::AwaitingAcceptance) if !self.accepts_lost_writes() => {
                Err("it would lose acknowledged writes; say accept_lost_writes, or verify the copy again".to_owned())
            }
            (DeploymentCommand::Ready, DeploymentState::AwaitingAcceptance) => {
                let next = if self.has_served() { DeploymentState::Completed } else { DeploymentState::Finishing };
                self.enter(now, next, by);
                Ok(())
            }
            // The canary that moves the alias may be held by the same question.
            (DeploymentCommand::Ready, DeploymentState::Watching) if self.accepts_lost_writes() => Ok(()),
            (DeploymentCommand::Verify, DeploymentState::AwaitingAcceptance) if self.has_served() => {
                Err("the alias has moved, so the new collection has writes of its own".to_owned())
            }
            (DeploymentCommand::Verify, DeploymentState::AwaitingAcceptance | DeploymentState::Watching) => {
                if !matches!(self.spec.source, Source::Collection(_)) {
                    return Err("only the copy of a collection can be verified; say ready with accept_lost_writes, or cancel it".to_owned());
                }
                self.enter(now, DeploymentState::Verifying, by);
                Ok(())
            }
            (DeploymentCommand::Verify, _) => Err("a copy is verified again while the deployment waits for an acceptance".to_owned()),
            (DeploymentCommand::Ready, _) => Err("it does not wait for `ready`".to_owned()),
            (DeploymentCommand::Rollback, DeploymentState::Watching | DeploymentState::AwaitingAcceptance) if self.has_served() => {
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
        let by = By::new(&by.actor, self.left_behind(&by.reason));
        self.enter(now, DeploymentState::RollingBack { towards }, &by);
    }
}
