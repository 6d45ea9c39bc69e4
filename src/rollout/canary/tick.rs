//! The passing of time: what a canary does when it looks at the evidence.

use super::judgement::Judgement;
use super::{By, Canary, Effect, Ending, Notice, PauseReason, Phase, State};
use crate::rollout::loss::Counted;
use crate::rollout::time::millis;
use crate::rollout::{AtDeadline, BasisFault, Evidence, NoData, Timestamp};

/// What is next for a stage.
enum Outlook {
    Run,
    Hold(PauseReason, String),
    GiveUp(String),
    Advance(String),
}

impl Canary {
    /// Looks at the evidence once. To be called every check interval; more often does no harm, less often only delays.
    pub fn tick(&mut self, now: Timestamp, evidence: &Evidence) {
        let passed = self.ticked.map_or(0, |ticked| now.since(ticked));
        self.ticked = Some(now);
        self.frozen = self.plan.frozen(now).or_else(|| evidence.frozen.clone());
        match self.state {
            State::Scheduled => self.start_when_due(now),
            State::Initializing => self.begin_when_checked(now, evidence),
            State::Shadowing | State::Stepping | State::Paused { .. } | State::Promoting | State::Watching => {
                if evidence.measured.is_ok() {
                    self.note_counted(&evidence.counted);
                }
                if self.ends_without_basis(now, &evidence.basis) {
                    return;
                }
                let judgement = self.judge(evidence);
                if self.react(now, &judgement) {
                    return;
                }
                match self.state {
                    State::Watching => self.tend_watch(now, evidence, &judgement, passed),
                    State::Shadowing | State::Stepping | State::Paused { .. } => self.tend_stage(now, evidence, &judgement, passed),
                    _ => {}
                }
            }
            // The way back is driven by its effects alone: it needs no evidence. Terminal states are final.
            _ => {}
        }
    }

    fn start_when_due(&mut self, now: Timestamp) {
        if !self.killed && self.frozen.is_none() && self.plan.spec().start_at.is_none_or(|start| start <= now) {
            self.outbox.push(now, Effect::RunChecks { alias: self.plan.spec().alias.clone(), candidate: self.candidate() });
            self.enter(now, State::Initializing, &By::controller("its time has come"));
        }
    }

    /// The first stage moves traffic as much as any other: freezes, the kill switch and blindness hold it too, and the
    /// comparison before it.
    fn begin_when_checked(&mut self, now: Timestamp, evidence: &Evidence) {
        if self.ends_without_basis(now, &evidence.basis) {
            return;
        }
        let known = evidence.measured.is_ok() && evidence.basis.is_ok();
        if self.stable.is_some() && !self.killed && self.frozen.is_none() && known {
            self.started = Some(now);
            let passed = "the pre-checks passed";
            let by = By::controller(self.uncompared.as_ref().map_or_else(|| passed.to_owned(), |why| format!("{passed}, but {why}")));
            if self.plan.spec().shadow.is_some() { self.enter_shadow(now, &by) } else { self.enter_stage(now, 0, &by) }
        }
    }

    /// Answers failing guards and signals; true when the canary is somewhere else now, or has to stay where it is.
    fn react(&mut self, now: Timestamp, judgement: &Judgement) -> bool {
        match (judgement, self.state) {
            (Judgement::Failing(reason), _) if self.plan.spec().auto_rollback => {
                self.roll_back(now, Ending::RolledBack, &By::controller(reason));
                true
            }
            (Judgement::Failing(reason) | Judgement::Signalling(reason), State::Promoting | State::Watching) => {
                self.alarm(now, reason);
                false
            }
            // Without users on the canary there is nothing to pause.
            (_, State::Paused { because: PauseReason::KillSwitch }) => false,
            (Judgement::Failing(reason), State::Shadowing | State::Stepping | State::Paused { .. }) => {
                self.hold(now, PauseReason::Guard, reason);
                true
            }
            (Judgement::Signalling(reason), State::Stepping | State::Paused { because: PauseReason::Approval }) => {
                self.hold(now, PauseReason::Signal, reason);
                true
            }
            (Judgement::Signalling(reason), State::Paused { because }) if because.clears_itself() => {
                self.hold(now, PauseReason::Signal, reason);
                true
            }
            _ => false,
        }
    }

    fn tend_stage(&mut self, now: Timestamp, evidence: &Evidence, judgement: &Judgement, passed: u64) {
        if self.state == (State::Paused { because: PauseReason::KillSwitch }) {
            return;
        }
        let was_measuring = self.step.phase == Phase::Measuring;
        self.advance_phase(now, evidence.applied);
        self.tell_when_overdue(now);
        if let State::Paused { because } = self.state
            && !because.clears_itself()
        {
            return;
        }
        // Only what was measured the whole time since the last look has been watched.
        let seen =
            !matches!(judgement, Judgement::Unmeasured(_) | Judgement::NotYet) && !evidence.basis.as_ref().is_err_and(BasisFault::is_known);
        if self.state == self.going() && was_measuring && seen {
            self.step.elapsed = self.step.elapsed.saturating_add(self.plan.watched(passed));
        }
        // A window that has not begun says nothing: what was held by the one before stays held.
        if *judgement == Judgement::NotYet && !self.needs_no_time() {
            return;
        }
        // Time watched before a kill switch does not let a window pass that has only just begun.
        let over = self.stage_over() && (was_measuring || self.needs_no_time());
        match self.outlook(now, judgement, evidence, over) {
            Outlook::Run => self.go_on(now),
            Outlook::Hold(because, reason) => self.hold(now, because, &reason),
            Outlook::GiveUp(reason) => self.roll_back(now, Ending::RolledBack, &By::controller(reason)),
            Outlook::Advance(reason) => self.advance(now, &By::controller(reason), &evidence.counted),
        }
    }

    fn outlook(&self, now: Timestamp, judgement: &Judgement, evidence: &Evidence, over: bool) -> Outlook {
        let (basis, counted) = (&evidence.basis, &evidence.counted);
        if let Err(fault) = basis
            && (fault.is_known() || over)
        {
            return Outlook::Hold(PauseReason::Error, fault.to_string());
        }
        if let Judgement::Unmeasured(reason) = judgement {
            return Outlook::Hold(PauseReason::Error, reason.clone());
        }
        if !over {
            return Outlook::Run;
        }
        let spec = self.plan.spec();
        let overdue = self.plan.overdue(self.started, now);
        let give_up = overdue && spec.on_inconclusive_at_deadline == AtDeadline::Rollback;
        let reason = match judgement {
            _ if self.needs_no_time() => "there is nothing to wait for in this stage".to_owned(),
            Judgement::Pass(reason) => reason.clone(),
            Judgement::TooFew(reason) | Judgement::Inconclusive(reason) if give_up => {
                return Outlook::GiveUp(format!("the deadline has passed and {reason}"));
            }
            Judgement::TooFew(reason) if spec.no_data == NoData::Rollback => {
                return Outlook::GiveUp(format!("the stage's time is over and {reason}"));
            }
            Judgement::TooFew(reason) => return Outlook::Hold(PauseReason::NoData, reason.clone()),
            Judgement::Inconclusive(reason) if overdue && spec.on_inconclusive_at_deadline == AtDeadline::Promote => {
                format!("the deadline has passed and {reason}; the plan promotes then")
            }
            Judgement::Inconclusive(reason) => return Outlook::Hold(PauseReason::Inconclusive, reason.clone()),
            // These have been answered already.
            Judgement::Unmeasured(_) | Judgement::NotYet | Judgement::Failing(_) | Judgement::Signalling(_) => return Outlook::Run,
        };
        if self.shadow().is_none() && self.current().approval && !self.step.approved {
            return Outlook::Hold(PauseReason::Approval, format!("{reason}; waiting for approval"));
        }
        if let Some(freeze) = &self.frozen {
            return Outlook::Hold(PauseReason::Freeze, freeze.clone());
        }
        if let Some(why) = evidence.uncounted.as_ref().filter(|_| self.is_last()) {
            return Outlook::Hold(PauseReason::Error, format!("the writes could not be counted: {why}"));
        }
        match self.refused_loss(counted) {
            Some(loss) => Outlook::Hold(PauseReason::LostWrites, self.held_by(&loss)),
            None => Outlook::Advance(reason),
        }
    }

    fn advance(&mut self, now: Timestamp, by: &By, counted: &Counted) {
        if self.shadow().is_some() {
            self.enter_stage(now, 0, by);
        } else if self.stage < self.plan.last_stage() {
            self.enter_stage(now, self.stage + 1, by);
        } else {
            self.promote(now, by, counted);
        }
    }

    /// A hold that clears itself is over.
    fn go_on(&mut self, now: Timestamp) {
        if self.state != self.going() {
            self.enter(now, self.going(), &By::controller("what held it is over"));
        }
    }

    pub(super) fn hold(&mut self, now: Timestamp, because: PauseReason, reason: &str) {
        let held = State::Paused { because };
        if self.state == held {
            return;
        }
        self.enter(now, held, &By::controller(reason));
        let event = match because {
            PauseReason::Approval | PauseReason::LostWrites => Notice::ApprovalNeeded,
            PauseReason::Guard => Notice::GuardFailing,
            _ => Notice::Paused,
        };
        self.notify(now, event, reason);
    }

    fn tell_when_overdue(&mut self, now: Timestamp) {
        if !self.overdue && self.plan.overdue(self.started, now) {
            self.overdue = true;
            self.notify(now, Notice::DeadlinePassed, format!("still in {} when its deadline passed", self.place()));
        }
    }

    /// There is no control any more, so guards that compare cannot pass: what ends the watch well is that none fails.
    fn tend_watch(&mut self, now: Timestamp, evidence: &Evidence, judgement: &Judgement, passed: u64) {
        if matches!(judgement, Judgement::Unmeasured(_) | Judgement::NotYet) {
            return;
        }
        self.step.elapsed = self.step.elapsed.saturating_add(self.plan.watched(passed));
        // What the old collection alone has decides whether it is retired.
        let held = matches!(judgement, Judgement::Failing(_) | Judgement::Signalling(_)) || evidence.uncounted.is_some();
        if held || self.killed || self.step.elapsed < millis(self.plan.spec().watch.get()) {
            return;
        }
        let refused = self.only_refused();
        if refused.is_none() && !self.saw_nothing() {
            return self.complete(now, &By::controller("no guard failed after the promotion"));
        }
        match (self.plan.spec().no_data, refused) {
            (NoData::Hold, None) => {}
            (NoData::Hold, Some(refused)) => self.alarm(now, &refused),
            (NoData::Rollback, refused) => {
                let why = refused.unwrap_or_else(|| "nothing was seen after the promotion".to_owned());
                self.roll_back(now, Ending::RolledBack, &By::controller(why));
            }
        }
    }

    /// No request was served since the promotion. A deployment looks at the collection itself, and has asked it its own questions before.
    fn saw_nothing(&self) -> bool {
        let spec = self.plan.spec();
        let silent = self.measured.as_ref().is_none_or(|measured| measured.canary.requests == 0);
        silent && !spec.watch.is_zero() && spec.deployment.is_none()
    }

    /// Everything that was asked since the promotion was refused: no guard has to fail for that to be no good end.
    fn only_refused(&self) -> Option<String> {
        let watched = self.measured.as_ref().filter(|_| !self.plan.spec().watch.is_zero());
        let seen = watched.map(|measured| &measured.canary).filter(|seen| seen.requests == 0 && seen.client_errors > 0)?;
        let with = seen.client_error_statuses.as_deref().unwrap_or("a 4xx");
        Some(format!("all {} answers after the promotion were refused with {with}", seen.client_errors))
    }

    /// Said once in a stage, and once in the watch.
    fn alarm(&mut self, now: Timestamp, reason: &str) {
        if !std::mem::replace(&mut self.step.alarmed, true) {
            self.notify(now, Notice::GuardFailing, reason);
        }
    }
}
