//! The laws for arbitrary histories: commands, evidence, effects that fail, and a crash after every step.
//!
//! The canary is driven at random and compared before and after each step; nothing here repeats how the machine decides,
//! only what may never be.

use proptest::prelude::*;

use super::bench::{NEW, OLD, START, World, evidence, plan, plenty, secs, somebody, spec};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::rollout::loss::{Counted, Stake, Tally};
use crate::rollout::time::millis;
use crate::rollout::{
    AtDeadline, BasisFault, Canary, CanarySpec, CohortNumbers, Command, Effect, Evidence, Guard, Level, Measurement, NoData, Notice,
    PauseReason, Phase, Rule, ShadowStage, Share, StageSpec, State, Timestamp, Verdict, Way,
};

#[derive(Clone, Debug)]
enum Action {
    Look { after: u64, evidence: Seen },
    Execute(Outcome),
    Order(Command),
    Kill(bool),
    Supersede,
}

/// What became of the first effect that is due.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Done,
    Failed,
    Refused,
    /// Executed, but the controller died before it could say so.
    Unreported,
}

#[derive(Clone, Debug)]
struct Seen {
    verdicts: [Verdict; 3],
    enough: bool,
    this_window: bool,
    measured: bool,
    applied: bool,
    frozen: bool,
    basis: Result<(), BasisFault>,
    /// How many writes stable has got since the look before.
    writes: u64,
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![20 => Just(Verdict::Pass), 2 => Just(Verdict::Inconclusive), 1 => Just(Verdict::Fail)]
}

fn basis() -> impl Strategy<Value = Result<(), BasisFault>> {
    let moved = BasisFault::AliasMoved { alias: "docs".to_owned(), found: "docs_v3".to_owned(), wanted: OLD.to_owned() };
    prop_oneof![
        200 => Just(Ok(())),
        10 => Just(Err(BasisFault::Unknown("no listing".to_owned()))),
        10 => Just(Err(BasisFault::AliasMissing("docs".to_owned()))),
        1 => Just(Err(moved)),
        1 => Just(Err(BasisFault::CollectionMissing("docs_v2".to_owned()))),
    ]
}

fn seen() -> impl Strategy<Value = Seen> {
    let rarely = |weight| prop::bool::weighted(1.0 - weight);
    let flags = (rarely(0.1), rarely(0.1), rarely(0.1), rarely(0.1), prop::bool::weighted(0.05));
    let writes = prop_oneof![60 => Just(0_u64), 1 => 1_u64..3];
    (prop::array::uniform3(verdict()), flags, basis(), writes).prop_map(|(verdicts, flags, basis, writes)| {
        let (enough, this_window, measured, applied, frozen) = flags;
        Seen { verdicts, enough, this_window, measured, applied, frozen, basis, writes }
    })
}

fn action() -> impl Strategy<Value = Action> {
    let commands = [Command::Pause, Command::Resume, Command::Resume, Command::Skip, Command::Promote, Command::Approve, Command::Approve];
    prop_oneof![
        30 => (prop_oneof![9 => 1_u64..30, 1 => 30_u64..5_000], seen()).prop_map(|(after, evidence)| Action::Look { after, evidence }),
        20 => Just(Action::Execute(Outcome::Done)),
        2 => Just(Action::Execute(Outcome::Failed)),
        1 => Just(Action::Execute(Outcome::Unreported)),
        4 => prop::sample::select(commands.to_vec()).prop_map(Action::Order),
    ]
}

/// What is rare enough not to end most histories at their beginning.
fn rare() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Execute(Outcome::Refused)),
        Just(Action::Order(Command::Abort)),
        Just(Action::Supersede),
        Just(Action::Kill(true)),
        Just(Action::Kill(false)),
        Just(Action::Kill(false)),
    ]
}

fn history() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(prop_oneof![60 => action(), 1 => rare()], 1..150)
}

fn any_plan() -> impl Strategy<Value = CanarySpec> {
    let no_data = prop_oneof![Just(NoData::Hold), Just(NoData::Rollback)];
    let policy = prop_oneof![Just(AtDeadline::Hold), Just(AtDeadline::Promote), Just(AtDeadline::Rollback)];
    let shadow = prop::option::of(any::<bool>());
    (any::<bool>(), prop::array::uniform3(any::<bool>()), 0_u64..30, no_data, policy, any::<bool>(), any::<bool>(), 0_u64..60, shadow)
        .prop_map(|(auto_rollback, approvals, warm_up, no_data, on_inconclusive_at_deadline, hurried, elsewhere, last, shadow)| {
            let stage = |(share, seconds), approval| StageSpec { approval, ..StageSpec::new(share, secs(seconds)) };
            let stages = [(5.0, 30), (40.0, 60), (100.0, last)].into_iter().zip(approvals).map(|(form, approval)| stage(form, approval));
            let mut guards = spec().guards;
            guards.push(Guard { level: Level::Signal, ..Guard::new(Rule::EmptyResults { max: 0.1, margin: None }) });
            CanarySpec {
                auto_rollback,
                shadow: shadow.map(|alike| ShadowStage { minimum_overlap: alike.then_some(0.9), ..ShadowStage::new(secs(30)) }),
                stages: stages.collect(),
                warm_up: secs(warm_up),
                no_data,
                on_inconclusive_at_deadline,
                deadline: hurried.then(|| secs(200)),
                upstream: elsewhere.then(|| "second".to_owned()),
                guards,
                accept_lost_writes: last % 2 == 0,
                ..spec()
            }
        })
}

struct Model {
    canary: Canary,
    world: World,
    now: Timestamp,
    /// The operator said that the old collection is never to be retired.
    kept: bool,
    /// To stable, since the canary began.
    written: u64,
}

impl Model {
    fn evidence(&self, seen: &Seen) -> Evidence {
        let mut evidence = evidence(&self.canary, self.world.window + u64::from(!seen.this_window), Verdict::Pass);
        evidence.applied = seen.applied;
        evidence.basis = seen.basis.clone();
        evidence.counted.add(DEFAULT_UPSTREAM, OLD, Tally { acknowledged: self.written, unknown: 0 });
        evidence.frozen = seen.frozen.then(|| "holiday".to_owned());
        if let Ok(measured) = &mut evidence.measured {
            measured.evaluations.iter_mut().zip(seen.verdicts).for_each(|(found, verdict)| found.verdict = verdict);
            match &mut measured.comparison {
                Some(comparison) => comparison.compared = if seen.enough { 500 } else { 499 },
                None => measured.canary = if seen.enough { plenty() } else { CohortNumbers::default() },
            }
        }
        if !seen.measured {
            evidence.measured = Err("no answer".to_owned());
        }
        evidence
    }

    fn step(&mut self, action: &Action) {
        let before = self.canary.clone();
        match action {
            Action::Look { after, evidence } => {
                self.now = self.now.plus(secs(*after));
                self.written += evidence.writes;
                let evidence = self.evidence(evidence);
                self.canary.tick(self.now, &evidence);
                looked(&before, &self.canary, &evidence, self.now);
            }
            Action::Execute(outcome) => self.execute(*outcome),
            Action::Order(command) => {
                if self.canary.command(self.now, *command, &somebody()).is_err() {
                    assert_eq!(self.canary, before, "a refused command changes nothing");
                }
            }
            Action::Kill(on) => self.canary.kill_switch(self.now, *on, &somebody()),
            Action::Supersede => drop(self.canary.supersede(self.now, &somebody(), "docs_v3")),
        }
        self.crash();
        always(&before, &self.canary);
        self.world_is_right();
    }

    fn crash(&mut self) {
        let stored = serde_json::to_string(&self.canary).expect("JSON");
        let read: Canary = serde_json::from_str(&stored).expect("readable");
        assert_eq!(read, self.canary);
        self.canary = read;
    }

    fn execute(&mut self, outcome: Outcome) {
        let Some(pending) = self.canary.due(self.now).next().cloned() else { return };
        let done = match outcome {
            Outcome::Failed => return self.canary.effect_failed(self.now, pending.number, "no answer"),
            Outcome::Refused => {
                self.kept |= matches!(pending.effect, Effect::ScheduleRetirement { .. });
                return self.canary.effect_refused(self.now, pending.number, "never");
            }
            Outcome::Unreported | Outcome::Done => self.world.execute(&pending.effect),
        };
        match (done, outcome) {
            (_, Outcome::Unreported) => {}
            (Err(reason), _) => self.canary.effect_refused(self.now, pending.number, &reason),
            (Ok(()), _) if matches!(pending.effect, Effect::RunChecks { .. }) => self.canary.checks_passed(pending.number, OLD, None),
            (Ok(()), _) => self.canary.effect_done(self.now, pending.number),
        }
    }

    /// What is left behind: all of it, or nothing.
    fn world_is_right(&self) {
        let pending = self.canary.status().pending.iter().any(|pending| !matches!(pending.effect, Effect::Notify { .. }));
        let elsewhere = self.canary.plan().spec().upstream.is_some();
        match self.canary.state() {
            State::Completed if !elsewhere => {
                assert_eq!((self.world.alias.as_str(), self.world.route), ("docs_v2", None));
                let alone = self.canary.status().lost_if_promoted.is_some();
                assert!(pending || self.kept || (self.world.retired == [OLD]) != alone, "what it alone has is not retired");
            }
            State::Completed => assert_eq!((self.world.alias.as_str(), self.world.route.unwrap_or(Share::FULL)), (OLD, Share::FULL)),
            // Where the alias points then is for those to say who moved it.
            State::Superseded => assert!(self.world.route.is_none() && self.world.retired.is_empty() && !pending),
            State::RolledBack | State::Aborted | State::Failed => {
                assert_eq!((self.world.alias.as_str(), self.world.route), (OLD, None));
                assert!(self.world.retired.is_empty() && !pending);
            }
            _ => {
                assert!(self.world.retired.is_empty(), "nothing is retired before the end");
                assert!(self.canary.shadow().is_none() || self.world.route.is_none(), "a comparison needs no route");
            }
        }
    }
}

/// Laws of every step.
fn always(before: &Canary, after: &Canary) {
    let (was, is) = (before.state(), after.state());
    if was.is_terminal() {
        assert_eq!((is, after.share(), after.stage()), (was, before.share(), before.stage()), "terminal states are final");
    }
    if after.share() > before.share() {
        assert_eq!(is, State::Stepping, "the share grows only in stepping");
        assert_eq!(after.share(), after.plan().stages()[after.stage()].share, "and only to that of the stage");
    }
    assert!(after.stage() >= before.stage(), "no stage is gone back to");
    assert!(after.window() >= before.window(), "no window comes back");
    if matches!(is, State::RollingBack { .. } | State::RollbackFailed { .. } | State::RolledBack | State::Aborted | State::Superseded) {
        assert_eq!(after.share(), Share::ZERO, "the way back is at 0 % at once");
    }
    if matches!(is, State::Paused { because: PauseReason::KillSwitch }) {
        assert_eq!(after.share(), Share::ZERO, "nobody is on a killed canary");
    }
    if after.shadow().is_some() {
        assert_eq!((after.share(), after.stage()), (Share::ZERO, 0), "nobody is served by what is only compared");
    }
    let warned = after.status().warnings.iter().any(|warning| warning.contains("kill switch"));
    assert!(!(warned && (is == State::Stepping || after.mirrored().is_some())), "nothing steps while the kill switch is on");
    if matches!(was, State::RollingBack { .. } | State::RollbackFailed { .. }) {
        assert!(!is.is_live(), "there is no way back from the way back");
    }
    recorded(before, after);
    let status = after.status();
    assert!(status.pending.len() <= 20, "effects pile up: {:?}", status.pending);
    assert!(status.pending.is_sorted_by_key(|pending| pending.number), "effects are in order");
    assert!(is.is_terminal() || after.due_at().is_some(), "it would sleep for ever");
}

/// Every transition follows from the one before, and has an actor and a reason.
fn recorded(before: &Canary, after: &Canary) {
    let (old, new) = (before.status(), after.status());
    let count = usize::try_from(new.history.total() - old.history.total()).expect("few");
    assert!(count > 0 || before.state() == after.state(), "an unrecorded transition");
    let mut state = before.state();
    let all: Vec<_> = new.history.iter().collect();
    for transition in all.iter().skip(all.len() - count) {
        assert_eq!(transition.from, state);
        assert!(!transition.actor.is_empty() && !transition.reason.is_empty());
        state = transition.to;
    }
    assert_eq!(state, after.state());
    assert!(all.len() <= 50);
}

/// Laws of a look.
fn looked(before: &Canary, after: &Canary, evidence: &Evidence, now: Timestamp) {
    let (was, is) = (before.state(), after.state());
    assert!(after.stage() <= before.stage() + 1, "one look leads at most one stage on");
    let left = matches!(was, State::Stepping | State::Paused { .. }) && !is_in_stage(is);
    let compared = before.shadow().is_some() && after.shadow().is_none();
    let upwards = after.stage() > before.stage() || ((left || compared) && !is_back(is));
    if upwards {
        left_upwards(before, evidence, now);
    }
    let heard = evidence.measured.as_ref().ok().filter(|measured| measured.window == before.window());
    let failed =
        |index: usize| heard.and_then(|measured| measured.evaluations.get(index)).is_some_and(|found| found.verdict == Verdict::Fail);
    // The error rate is heard even while caches are cold.
    if was.is_live() && failed(0) {
        let plan = after.plan().spec();
        assert!(!plan.auto_rollback || is_back(is), "a failing guard rolls back from {was:?}");
        assert!(is_back(is) || after.stage() == before.stage());
        if !plan.auto_rollback && matches!(was, State::Shadowing | State::Stepping) {
            assert_eq!(is, State::Paused { because: PauseReason::Guard });
            assert!(
                after.status().pending.iter().any(|pending| matches!(pending.effect, Effect::Notify { event: Notice::GuardFailing, .. }))
            );
        }
    }
    if was != State::Promoting && is == State::Promoting {
        let lost = before.loss(Way::Ahead, &evidence.counted).is_some_and(|loss| loss.is_real());
        assert!(!lost || before.accepts_lost_writes(), "acknowledged writes would be lost without a word");
    }
    if evidence.measured.is_err() || evidence.basis.is_err() {
        assert!(!upwards && after.share() <= before.share(), "losing the evidence, or what it rests on, never advances");
    }
}

fn is_in_stage(state: State) -> bool {
    matches!(state, State::Shadowing | State::Stepping | State::Paused { .. })
}

fn is_back(state: State) -> bool {
    matches!(state, State::RollingBack { .. } | State::RollbackFailed { .. } | State::RolledBack | State::Superseded)
}

/// What must have been so for a stage to be left upwards by itself.
fn left_upwards(before: &Canary, evidence: &Evidence, now: Timestamp) {
    let status = before.status();
    let stage = &before.plan().stages()[before.stage()];
    assert_eq!(evidence.frozen, None, "a freeze holds");
    assert!(!status.warnings.iter().any(|warning| warning.contains("kill switch")), "the kill switch holds");
    if let State::Paused { because } = before.state() {
        assert!(because.clears_itself(), "what waits for somebody was left by itself: {because:?}");
    }
    let by_deadline = before.plan().spec().on_inconclusive_at_deadline == AtDeadline::Promote && before.plan().spec().deadline.is_some();
    if let Some(shadow) = before.shadow() {
        let measured = watched(before, evidence, shadow.duration, now);
        assert!(measured.comparison.is_some_and(|comparison| comparison.compared >= 500), "by too few comparisons");
        assert!(measured.evaluations.iter().all(|found| good(found.verdict, by_deadline)), "without a pass");
        return;
    }
    // Approving, skipping and promoting all show as an operator's step into this stage's `stepping`.
    let last = before.stage() == before.plan().stages().len() - 1;
    let by_somebody = status.history.iter().any(|step| step.stage == before.stage() && step.actor == "ada" && step.to == State::Stepping);
    assert!(!stage.approval || by_somebody, "an approval was skipped");
    if stage.duration.is_zero() || (last && by_somebody) {
        return;
    }
    let measured = watched(before, evidence, stage.duration, now);
    assert!(measured.canary.requests >= 500 && measured.canary.units >= 100, "by too small a sample");
    assert!(measured.evaluations.iter().all(|found| good(found.verdict, by_deadline)), "without a pass");
}

fn good(verdict: Verdict, by_deadline: bool) -> bool {
    verdict == Verdict::Pass || (by_deadline && verdict == Verdict::Inconclusive)
}

/// The evidence, of this window, after all of `duration` was watched.
fn watched<'e>(before: &Canary, evidence: &'e Evidence, duration: Period, now: Timestamp) -> &'e Measurement {
    let status = before.status();
    let elapsed = millis(duration.get()) - status.time_left_ms.expect("in a stage");
    let since = now.since(status.history.last_transition().expect("begun").at);
    assert_eq!(status.phase, Phase::Measuring);
    assert!(elapsed + since.min(20_000) >= millis(duration.get()), "the time was not over");
    let measured = evidence.measured.as_ref().expect("without evidence nothing is left upwards");
    assert_eq!(measured.window, before.window(), "by evidence of another window");
    measured
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_law_and_every_canary_can_come_to_its_end(spec in any_plan(), history in history()) {
        let mut canary = Canary::create("canary_1", plan(spec), START, &somebody());
        let nothing = Counted::default();
        let mark = |collection| nothing.mark(DEFAULT_UPSTREAM, collection, START);
        canary.count_from(Stake::new(vec![mark(OLD)], mark(NEW)));
        let mut model = Model { canary, world: World::new(), now: START, kept: false, written: 0 };
        for action in &history {
            model.step(action);
        }
        let good = Seen { verdicts: [Verdict::Pass; 3], enough: true, this_window: true, measured: true, applied: true, frozen: false, basis: Ok(()), writes: 0 };
        model.step(&Action::Kill(false));
        for _ in 0..60 {
            let help = match model.canary.state() {
                State::Paused { because: PauseReason::Approval } => Some(Command::Approve),
                State::Paused { because: PauseReason::LostWrites } => {
                    model.canary.accept_lost_writes();
                    Some(Command::Approve)
                }
                State::Paused { because } if !because.clears_itself() => Some(Command::Resume),
                _ => None,
            };
            help.into_iter().for_each(|command| model.step(&Action::Order(command)));
            model.step(&Action::Look { after: 15, evidence: good.clone() });
            while model.canary.due(model.now).next().is_some() {
                model.step(&Action::Execute(Outcome::Done));
            }
            if model.canary.state().is_terminal() {
                break;
            }
        }
        prop_assert!(model.canary.state().is_terminal(), "stuck: {:?}", model.canary.status());
    }
}
