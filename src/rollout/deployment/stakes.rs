//! What a deployment may lose: writes that came after its copy was known to be one (I11).
//!
//! The count begins with the deployment, before the copy; a verification that finds both sides equal starts it again. A
//! deployment for which writes came since waits for an operator, before the switch or after it, unless its spec or an operator
//! has accepted that.

use serde::{Deserialize, Serialize};

use super::{Deployment, DeploymentCommand, DeploymentState};
use crate::rollout::loss::{Counted, Loss, Stake};
use crate::rollout::{By, Timestamp, Way};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stakes {
    /// What the new collection lacks.
    ahead: Stake,
    #[serde(default)]
    accepted: bool,
    /// At the last look: what the new collection lacks, and what the old one does.
    #[serde(default)]
    pub(super) ahead_loss: Option<Loss>,
    #[serde(default)]
    pub(super) back_loss: Option<Loss>,
}

impl Deployment {
    /// Counts what the new collection lacks from here on.
    pub fn count_from(&mut self, ahead: Stake) {
        self.stakes.ahead = ahead;
    }

    /// What the new collection lacks.
    #[must_use]
    pub fn stake(&self) -> &Stake {
        &self.stakes.ahead
    }

    #[must_use]
    pub fn loss(&self, counted: &Counted) -> Option<Loss> {
        self.stakes.ahead.loss(counted)
    }

    /// Records the counts so far, for sentences about them. `back` is what the old collection lacks.
    pub fn note_counted(&mut self, counted: &Counted, back: Option<Loss>) {
        self.stakes.ahead_loss = self.loss(counted).filter(Loss::is_worth_telling);
        self.stakes.back_loss = back.filter(Loss::is_worth_telling);
    }

    #[must_use]
    pub fn losses(&self) -> (Option<&Loss>, Option<&Loss>) {
        (self.stakes.ahead_loss.as_ref(), self.stakes.back_loss.as_ref())
    }

    /// From now on the switch may lose writes.
    pub fn accept_lost_writes(&mut self) {
        self.stakes.accepted = true;
    }

    #[must_use]
    pub fn accepts_lost_writes(&self) -> bool {
        self.stakes.accepted || self.spec.accept_lost_writes
    }

    /// Where a command leads, as far as writes can be lost on the way.
    #[must_use]
    pub fn way_of(&self, command: DeploymentCommand) -> Option<Way> {
        use DeploymentState as S;
        let served = self.has_served() && matches!(self.state, S::Watching | S::AwaitingAcceptance);
        match command {
            DeploymentCommand::Ready if matches!(self.state, S::AwaitingReady | S::AwaitingAcceptance | S::Watching) => Some(Way::Ahead),
            DeploymentCommand::Cancel | DeploymentCommand::Rollback if served => Some(Way::Back),
            DeploymentCommand::Ready | DeploymentCommand::Cancel | DeploymentCommand::Rollback | DeploymentCommand::Verify => None,
        }
    }

    /// Nothing goes on by itself.
    pub(super) fn wait_for_acceptance(&mut self, now: Timestamp, why: &str) {
        let id = &self.id;
        let ways = if self.has_served() {
            format!(
                "the alias has moved; `pointsman deployment ready {id} --accept-lost-writes` completes it all the same, \
                 `pointsman deployment rollback {id}` goes back"
            )
        } else {
            format!(
                "stop the writers and repeat the verification with `pointsman deployment verify {id}`; or go on all the same with \
                 `pointsman deployment ready {id} --accept-lost-writes`, or end it with `pointsman deployment cancel {id}`"
            )
        };
        self.enter(now, DeploymentState::AwaitingAcceptance, &By::new("controller", format!("{why}; {ways}")));
    }

    /// The reason of a way back, with what it leaves in the new collection.
    pub(super) fn left_behind(&self, reason: &str) -> String {
        match &self.stakes.back_loss {
            Some(loss) => format!("{reason}; {loss}; `{}` is kept; {}", self.collection, loss.how_to_compare()),
            None => reason.to_owned(),
        }
    }

    /// What an operator should know of it.
    #[must_use]
    pub fn warnings_of_loss(&self) -> Vec<String> {
        let ahead = self.stakes.ahead_loss.as_ref().filter(|_| !self.state.is_back());
        let ahead = ahead.map(|loss| match self.state {
            DeploymentState::Completed => format!("{loss}: the switch has left them behind"),
            _ => format!("{loss}: the switch loses them, unless a verification finds them in both"),
        });
        let back = self.stakes.back_loss.as_ref().filter(|_| self.state != DeploymentState::Completed);
        let back = back.map(|loss| {
            if self.state.is_terminal() { format!("{loss}; {}", loss.how_to_compare()) } else { format!("{loss}: going back loses them") }
        });
        ahead.into_iter().filter(|_| !self.state.is_terminal() || self.state == DeploymentState::Completed).chain(back).collect()
    }
}
