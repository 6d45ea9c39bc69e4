//! The way back: it undoes what this canary did and nothing else, and needs neither evidence nor a healthy canary.

use super::{By, Canary, Effect, Ending, Illegal, Notice, State};
use crate::rollout::{Share, Timestamp};

impl Canary {
    /// Goes back, at once to 0 %. What was still to be done is forgotten. The share comes first: setting it needs nothing
    /// but Pointsman itself.
    pub(super) fn roll_back(&mut self, now: Timestamp, ending: Ending, by: &By) {
        self.outbox.drop_if(|effect| !effect.is_notice());
        let alias = self.plan.spec().alias.clone();
        if self.footprint.route {
            self.command_share(now, Share::ZERO);
        }
        if let Some(to) = self.stable.clone().filter(|_| self.footprint.alias) {
            let from = self.plan.spec().collection.clone();
            self.outbox.push(now, Effect::RestoreAlias { alias: alias.clone(), from, to });
        }
        if self.footprint.route {
            self.outbox.push(now, Effect::TakeRouteOff { alias, window: self.step.window });
        }
        let by = By::new(&by.actor, self.left_behind(&by.reason));
        self.enter(now, State::RollingBack { towards: ending }, &by);
        self.notify(now, Notice::RollingBack, by.reason);
        self.finish_rollback(now);
    }

    /// Ends a canary that has not changed anything yet.
    pub(super) fn end_untouched(&mut self, now: Timestamp, state: State, by: &By) {
        self.outbox.drop_if(|effect| !effect.is_notice());
        self.enter(now, state, by);
        self.notify(now, Notice::Ended, by.reason.clone());
    }

    /// When nothing is left to undo.
    pub(super) fn finish_rollback(&mut self, now: Timestamp) {
        let (State::RollingBack { towards } | State::RollbackFailed { towards }) = self.state else { return };
        if self.outbox.has(|effect| !effect.is_notice()) {
            return;
        }
        let reason = self.left_behind("everything this canary changed is undone");
        self.footprint = super::Footprint::default();
        self.enter(now, towards.into(), &By::controller(reason));
        self.notify(now, Notice::RolledBack, format!("`{}` is served as before", self.plan.spec().alias));
    }

    pub(super) fn rollback_failed(&mut self, now: Timestamp, reason: &str) {
        if let State::RollingBack { towards } = self.state {
            self.enter(now, State::RollbackFailed { towards }, &By::controller(reason));
        }
        self.notify(now, Notice::RollbackFailed, reason);
    }

    /// An operator moves the alias to the collection `to` by force: the canary takes its route off and ends. An alias that points
    /// elsewhere by now is left alone, since restoring it is only done when it points at this canary's collection; and where that
    /// is what the operator wants, there is nothing to restore. One that is on its way back no longer restores the alias: the
    /// operator has decided where it points.
    ///
    /// # Errors
    /// When the canary has ended.
    pub fn supersede(&mut self, now: Timestamp, by: &By, to: &str) -> Result<(), Illegal> {
        if self.state.is_back() {
            self.leave_alias(now, by);
            return Ok(());
        }
        if self.state.is_live() && to == self.plan.spec().collection {
            self.footprint.alias = false;
        }
        self.end(now, Ending::Superseded, by).ok_or_else(|| Illegal::new("supersede", self.state, "it has ended"))
    }

    fn leave_alias(&mut self, now: Timestamp, by: &By) {
        self.footprint.alias = false;
        self.outbox.drop_if(|effect| matches!(effect, Effect::RestoreAlias { .. }));
        self.enter(now, State::RollingBack { towards: Ending::Superseded }, by);
        self.finish_rollback(now);
    }

    /// Ends a canary from outside; none when it is too late for that.
    pub(super) fn end(&mut self, now: Timestamp, ending: Ending, by: &By) -> Option<()> {
        match self.state {
            State::Scheduled | State::Initializing => self.end_untouched(now, ending.into(), by),
            state if state.is_live() => self.roll_back(now, ending, by),
            _ => return None,
        }
        Some(())
    }
}
