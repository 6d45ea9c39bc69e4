//! What became of effects, and the promotion, which is driven by nothing else.

use super::stage::Step;
use super::{By, Canary, Effect, Ending, Notice, PauseReason, Phase, State};
use crate::rollout::loss::{Counted, Loss};
use crate::rollout::{Share, Timestamp};

impl Canary {
    /// The pre-checks found everything in order and the alias pointing at `stable`. `uncompared` says why that collection could
    /// not be compared with the new one, if it could not.
    pub fn checks_passed(&mut self, number: u64, stable: impl Into<String>, uncompared: Option<String>) {
        if matches!(self.outbox.take(number), Some(Effect::RunChecks { .. })) {
            self.stable = Some(stable.into());
            self.uncompared = uncompared;
            // What they let begin need not wait for the next look.
            self.ticked = None;
        }
    }

    /// An effect has been executed. What is reported twice, or is not wanted any more, changes nothing.
    pub fn effect_done(&mut self, now: Timestamp, number: u64) {
        let done = self.outbox.take(number);
        if matches!(done, Some(Effect::TakeRouteOff { .. })) {
            // One that failed before and was made up for now would put the route back.
            self.outbox.drop_if(|effect| matches!(effect, Effect::SetShare { .. }));
        }
        match done {
            Some(Effect::SetShare { .. }) if self.step.phase == Phase::Setting => self.step.phase = Phase::Applying { since: now },
            Some(Effect::SwitchAlias { .. }) if self.state == State::Promoting => self.take_route_off(now),
            Some(Effect::TakeRouteOff { .. }) if self.state == State::Promoting => {
                self.footprint.route = false;
                self.share = Share::ZERO;
                self.watch(now);
            }
            _ => {}
        }
        self.finish_rollback(now);
    }

    /// An effect could not be executed and is to be tried again.
    pub fn effect_failed(&mut self, now: Timestamp, number: u64, reason: &str) {
        let Some((effect, attempts)) = self.outbox.put_off(now, number, reason) else { return };
        if effect.is_notice() {
            return;
        }
        let text = format!("{} failed, attempt {attempts}: {reason}", effect.name());
        if self.state.is_back() {
            self.rollback_failed(now, &text);
        } else if attempts == 1 {
            self.notify(now, Notice::EffectFailing, text);
        }
    }

    /// An effect will never succeed: the pre-checks say no, or the alias is not where it was. On the way back there is no
    /// such thing as never: it is tried again.
    pub fn effect_refused(&mut self, now: Timestamp, number: u64, reason: &str) {
        if self.state.is_back() {
            return self.effect_failed(now, number, reason);
        }
        let Some(effect) = self.outbox.take(number).filter(|effect| !effect.is_notice()) else { return };
        let by = By::controller(format!("{} was refused: {reason}", effect.name()));
        match self.state {
            State::Initializing => self.end_untouched(now, State::Failed, &by),
            state if state.is_live() => self.roll_back(now, Ending::RolledBack, &by),
            _ => self.notify(now, Notice::EffectFailing, by.reason),
        }
    }

    /// The alias was about to move and has not: writes came that would be lost.
    pub fn effect_held(&mut self, now: Timestamp, number: u64, loss: &Loss) {
        let moves = |pending: &&super::Pending| pending.number == number && matches!(pending.effect, Effect::SwitchAlias { .. });
        let attempts = self.outbox.pending().iter().find(moves).map(|pending| pending.attempts);
        if let Some(attempts) = attempts.filter(|_| self.state == State::Promoting) {
            self.outbox.take(number);
            // Never asked of Qdrant, so there is nothing to undo, nor to count from here on.
            if attempts == 0 {
                self.footprint.alias = false;
                self.forget_back();
            }
            self.hold(now, PauseReason::LostWrites, &self.held_by(loss));
        }
    }

    /// Everything is on the canary already; now Qdrant's own alias follows.
    pub(super) fn promote(&mut self, now: Timestamp, by: &By, counted: &Counted) {
        self.enter(now, State::Promoting, by);
        match self.stable.clone() {
            Some(expect) if self.plan.switches_alias() => {
                self.footprint.alias = true;
                self.count_back(now, counted);
                let (alias, to) = (self.plan.spec().alias.clone(), self.plan.spec().collection.clone());
                self.outbox.push(now, Effect::SwitchAlias { alias, expect, to });
            }
            _ => {
                self.step.window += 1;
                self.outbox.push(now, Effect::StartWindow { window: self.step.window });
                self.watch(now);
            }
        }
    }

    fn take_route_off(&mut self, now: Timestamp) {
        self.step.window += 1;
        self.outbox.push(now, Effect::TakeRouteOff { alias: self.plan.spec().alias.clone(), window: self.step.window });
    }

    fn watch(&mut self, now: Timestamp) {
        self.step = Step { window: self.step.window, phase: Phase::Measuring, ..Step::default() };
        self.enter(now, State::Watching, &By::controller("everything is served by the new collection"));
        self.notify(now, Notice::Promoted, format!("`{}` is served by `{}`", self.plan.spec().alias, self.plan.spec().collection));
    }

    /// The old collection is retired, unless it has acknowledged writes that no other collection has.
    pub(super) fn complete(&mut self, now: Timestamp, by: &By) {
        let alone = self.stakes.ahead_loss.clone().filter(Loss::is_real);
        let by = match &alone {
            None => by.clone(),
            Some(loss) => By::new(&by.actor, format!("{}; {loss}, so it is kept", by.reason)),
        };
        self.enter(now, State::Completed, &by);
        if let Some((grace, collection)) = self.plan.spec().retire_old.zip(self.stable.clone())
            && self.plan.switches_alias()
            && alone.is_none()
        {
            self.outbox.push(now, Effect::ScheduleRetirement { collection, grace });
        }
        self.notify(now, Notice::Completed, by.reason);
    }
}
