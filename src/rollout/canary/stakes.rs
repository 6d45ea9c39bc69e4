//! What a canary may lose: the writes that only one of its two collections gets (I11).
//!
//! Writes through the alias go to stable. Until the promotion the new collection lacks them; from the switch on the old one
//! does. Where these counts began is part of the canary's state; how far they have come is evidence.

use serde::{Deserialize, Serialize};

use super::{Canary, Command, State};
use crate::config::DEFAULT_UPSTREAM;
use crate::rollout::Timestamp;
use crate::rollout::loss::{Counted, Loss, Stake};

/// Where the counts began, and how far they had come at the last look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stakes {
    /// What the old collection gets and the new one does not, since the canary began.
    ahead: Stake,
    /// What the new collection gets and the old one does not, since the alias was about to move.
    #[serde(default)]
    back: Option<Stake>,
    /// An operator has said that the promotion may lose writes.
    #[serde(default)]
    accepted: bool,
    #[serde(default)]
    pub(super) ahead_loss: Option<Loss>,
    #[serde(default)]
    pub(super) back_loss: Option<Loss>,
}

/// Where a command leads, as far as writes can be lost on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the new collection.
    Ahead,
    /// Back to the old one, which has lacked writes since the switch.
    Back,
}

impl Canary {
    /// Counts what the new collection lacks from here on.
    pub fn count_from(&mut self, ahead: Stake) {
        self.stakes.ahead = ahead;
    }

    /// Whether the writes to a collection count as missing in the new one.
    #[must_use]
    pub fn counts(&self, collection: &str) -> bool {
        self.stakes.ahead.counts(collection)
    }

    /// What the new collection lacks.
    #[must_use]
    pub fn stake_ahead(&self) -> &Stake {
        &self.stakes.ahead
    }

    /// What the old collection lacks, once the alias was about to move.
    #[must_use]
    pub fn stake_back(&self) -> Option<&Stake> {
        self.stakes.back.as_ref()
    }

    /// What would be lost this way.
    #[must_use]
    pub fn loss(&self, way: Way, counted: &Counted) -> Option<Loss> {
        match way {
            Way::Ahead => self.stakes.ahead.loss(counted),
            Way::Back => self.stakes.back.as_ref()?.loss(counted),
        }
    }

    /// Records the counts so far, for sentences about them.
    pub fn note_counted(&mut self, counted: &Counted) {
        let told = |loss: Option<Loss>| loss.filter(Loss::is_worth_telling);
        self.stakes.ahead_loss = told(self.loss(Way::Ahead, counted));
        self.stakes.back_loss = told(self.loss(Way::Back, counted));
    }

    /// From now on the promotion may lose writes.
    pub fn accept_lost_writes(&mut self) {
        self.stakes.accepted = true;
    }

    #[must_use]
    pub fn accepts_lost_writes(&self) -> bool {
        self.stakes.accepted || self.plan.spec().accept_lost_writes
    }

    /// What comes after this stage is the promotion.
    pub(super) fn is_last(&self) -> bool {
        self.shadow().is_none() && self.stage == self.plan.last_stage()
    }

    /// Where a command leads; none where it changes nothing that writes depend on.
    #[must_use]
    pub fn way_of(&self, command: Command) -> Option<Way> {
        match (command, self.state) {
            (Command::Promote, _) | (Command::Skip, State::Watching) => Some(Way::Ahead),
            (Command::Skip | Command::Approve, _) if self.is_last() => Some(Way::Ahead),
            (Command::Abort, State::Promoting | State::Watching) => Some(Way::Back),
            (Command::Abort, State::Paused { .. }) if self.footprint.alias => Some(Way::Back),
            _ => None,
        }
    }

    /// What the promotion would lose without consent.
    pub(super) fn refused_loss(&self, counted: &Counted) -> Option<Loss> {
        let asked = self.is_last() && !self.accepts_lost_writes();
        self.loss(Way::Ahead, counted).filter(|loss| asked && loss.is_real())
    }

    /// From here on the old collection may lack what the new one gets. An earlier count goes on: the alias may have moved then.
    pub(super) fn count_back(&mut self, now: Timestamp, counted: &Counted) {
        let (Some(stable), None) = (self.stable.as_deref(), &self.stakes.back) else { return };
        let new = counted.mark(DEFAULT_UPSTREAM, &self.plan.spec().collection, now);
        let old = counted.mark(DEFAULT_UPSTREAM, stable, now);
        self.stakes.back = Some(Stake::new(vec![new], old));
    }

    /// The alias has not moved after all.
    pub(super) fn forget_back(&mut self) {
        self.stakes.back = None;
        self.stakes.back_loss = None;
    }

    /// Why the promotion waits, and what to do.
    #[must_use]
    pub fn held_by(&self, loss: &Loss) -> String {
        let ways = match &self.plan.spec().deployment {
            None => {
                let id = &self.id;
                format!(
                    "`pointsman canary approve {id} --accept-lost-writes` promotes it all the same, `pointsman canary abort {id}` ends it"
                )
            }
            Some(deployment) => format!(
                "stop the writers and repeat the verification with `pointsman deployment verify {deployment}`, or let it go on with \
                 `pointsman deployment ready {deployment} --accept-lost-writes`"
            ),
        };
        format!("{loss}; the promotion would lose them: {ways}")
    }

    /// What a canary that goes back leaves in the new collection, for the reason of the rollback.
    pub(super) fn left_behind(&self, reason: &str) -> String {
        match self.stakes.back_loss.as_ref().filter(|_| self.footprint.alias) {
            Some(loss) => format!("{reason}; {loss}; `{}` is kept; {}", self.plan.spec().collection, loss.how_to_compare()),
            None => reason.to_owned(),
        }
    }

    /// What an operator should know of it.
    pub(super) fn warnings_of_loss(&self) -> Vec<String> {
        let (ahead, back) = (self.stakes.ahead_loss.as_ref(), self.stakes.back_loss.as_ref());
        let (ahead, back) = match self.state {
            State::Watching | State::Completed => {
                let ahead = ahead.map(|loss| format!("{loss}: the promotion has left them behind"));
                (ahead, back.filter(|_| self.state == State::Watching).map(|loss| format!("{loss}: going back loses them")))
            }
            state if state.is_live() || matches!(state, State::Scheduled | State::Initializing) => {
                let ahead = ahead.map(|loss| format!("{loss}: the promotion loses them"));
                (ahead, back.map(|loss| format!("{loss}: going back loses them")))
            }
            _ => (None, back.map(|loss| format!("{loss}; {}", loss.how_to_compare()))),
        };
        ahead.into_iter().chain(back).collect()
    }
}
