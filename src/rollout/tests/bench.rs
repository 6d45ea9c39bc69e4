//! A canary with a clock in its hand and a small world to act on.

use std::collections::BTreeMap;

use crate::config::Period;
use crate::rollout::loss::Counted;
use crate::rollout::{
    By, Canary, CanarySpec, CohortNumbers, Command, ComparisonNumbers, Effect, Evaluation, Evidence, Illegal, Measurement, Notice,
    PauseReason, Plan, Share, StageSpec, State, Timestamp, Verdict,
};

pub(super) const OLD: &str = "docs_v1";
pub(super) const NEW: &str = "docs_v2";
pub(super) const INTERVAL: u64 = 10;

/// A Monday morning.
pub(super) const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

pub(super) fn secs(seconds: u64) -> Period {
    Period::from_secs(seconds)
}

/// Four stages, the first three of a minute; without warm-up.
pub(super) fn spec() -> CanarySpec {
    CanarySpec {
        stages: [(5.0, 60), (25.0, 60), (50.0, 60), (100.0, 0)].map(|(share, seconds)| StageSpec::new(share, secs(seconds))).to_vec(),
        warm_up: secs(0),
        check_interval: secs(INTERVAL),
        watch: secs(60),
        ..CanarySpec::new("docs", NEW)
    }
}

pub(super) fn plan(spec: CanarySpec) -> Plan {
    Plan::try_from(spec).expect("a legal plan")
}

pub(super) fn somebody() -> By {
    By::new("ada", "because")
}

/// What the effects act on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct World {
    pub(super) alias: String,
    pub(super) route: Option<Share>,
    pub(super) window: u64,
    pub(super) retired: Vec<String>,
    pub(super) notices: Vec<Notice>,
}

impl World {
    pub(super) fn new() -> Self {
        Self { alias: OLD.to_owned(), route: None, window: 0, retired: Vec::new(), notices: Vec::new() }
    }

    /// Executes one effect as `control` has to: done twice, it is as if done once.
    pub(super) fn execute(&mut self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::RunChecks { .. } => {}
            Effect::SetShare { share, window, .. } => (self.route, self.window) = (Some(*share), *window),
            Effect::StartWindow { window } => self.window = *window,
            Effect::SwitchAlias { expect, to, .. } if self.alias == *expect || self.alias == *to => self.alias.clone_from(to),
            Effect::SwitchAlias { .. } => return Err(format!("the alias points at {}", self.alias)),
            Effect::TakeRouteOff { window, .. } => (self.route, self.window) = (None, *window),
            Effect::RestoreAlias { from, to, .. } if self.alias == *from => self.alias.clone_from(to),
            Effect::RestoreAlias { .. } => {}
            Effect::ScheduleRetirement { collection, .. } if self.retired.contains(collection) => {}
            Effect::ScheduleRetirement { collection, .. } => self.retired.push(collection.clone()),
            Effect::Notify { event, .. } => self.notices.push(*event),
        }
        Ok(())
    }
}

/// Each step stores the canary and reads it again, as if the controller had died in between.
pub(super) struct Bench {
    pub(super) canary: Canary,
    pub(super) world: World,
    pub(super) now: Timestamp,
    /// The name of the effect that cannot be executed.
    pub(super) broken: Option<&'static str>,
}

impl Bench {
    pub(super) fn new(spec: CanarySpec) -> Self {
        Self { canary: Canary::create("canary_1", plan(spec), START, &somebody()), world: World::new(), now: START, broken: None }
    }

    /// In its first stage, with the share applied and the clock about to run.
    pub(super) fn stepping(spec: CanarySpec) -> Self {
        let mut bench = Self::new(spec);
        bench.run(3);
        assert_eq!((bench.canary.state(), bench.canary.stage()), (State::Stepping, 0));
        bench
    }

    pub(super) fn restart(&mut self) {
        let stored = serde_json::to_string(&self.canary).expect("a canary is JSON");
        let read: Canary = serde_json::from_str(&stored).expect("what was stored can be read");
        assert_eq!(read, self.canary, "a restart forgets something");
        self.canary = read;
    }

    /// One look at this evidence, and whatever it leads to.
    pub(super) fn look(&mut self, evidence: &Evidence) {
        self.canary.tick(self.now, evidence);
        self.restart();
        self.execute();
    }

    /// A check interval, and a look.
    pub(super) fn next(&mut self, evidence: &Evidence) {
        self.now = self.now.plus(secs(INTERVAL));
        self.look(evidence);
    }

    /// So many check intervals with good evidence.
    pub(super) fn run(&mut self, times: u64) {
        for _ in 0..times {
            let evidence = self.good();
            self.next(&evidence);
        }
    }

    /// With good evidence until it stands as wanted; within bounds.
    pub(super) fn run_until(&mut self, what: &str, reached: impl Fn(&Self) -> bool) {
        for _ in 0..1_000 {
            if reached(self) {
                return;
            }
            self.run(1);
        }
        panic!("never came to {what}: {:#?}", self.canary.status());
    }

    pub(super) fn run_to(&mut self, state: State) {
        self.run_until(&format!("{state:?}"), |bench| bench.canary.state() == state);
    }

    pub(super) fn run_to_stage(&mut self, stage: usize) {
        self.run_until(&format!("stage {stage}"), |bench| bench.canary.stage() == stage);
    }

    /// Executes what is due, in order, and reports it.
    pub(super) fn execute(&mut self) {
        for _ in 0..100 {
            let Some(pending) = self.canary.due(self.now).next().cloned() else { return };
            match self.world.execute(&pending.effect) {
                _ if self.broken == Some(pending.effect.name()) => self.canary.effect_failed(self.now, pending.number, "broken"),
                Err(reason) => self.canary.effect_refused(self.now, pending.number, &reason),
                Ok(()) if matches!(pending.effect, Effect::RunChecks { .. }) => self.canary.checks_passed(pending.number, OLD, None),
                Ok(()) => self.canary.effect_done(self.now, pending.number),
            }
            self.restart();
        }
        panic!("effects without end");
    }

    pub(super) fn order(&mut self, command: Command) -> Result<(), Illegal> {
        let answer = self.canary.command(self.now, command, &somebody());
        self.restart();
        self.execute();
        answer
    }

    pub(super) fn kill(&mut self, on: bool) {
        self.canary.kill_switch(self.now, on, &somebody());
        self.restart();
        self.execute();
    }

    /// Plenty of everything, and every guard passes.
    pub(super) fn good(&self) -> Evidence {
        evidence(&self.canary, self.world.window, Verdict::Pass)
    }

    /// The same with another verdict for the first guard.
    pub(super) fn with(&self, verdict: Verdict) -> Evidence {
        evidence(&self.canary, self.world.window, verdict)
    }

    pub(super) fn state(&self) -> State {
        self.canary.state()
    }

    /// In percent, as commanded; the world must agree.
    pub(super) fn share(&self) -> f64 {
        assert_eq!(self.world.route.unwrap_or_default(), self.canary.share(), "the world has another share");
        self.canary.share().percentage()
    }

    pub(super) fn time_left(&self) -> u64 {
        self.canary.status().time_left_ms.expect("time runs") / 1_000
    }

    pub(super) fn last_reason(&self) -> &str {
        &self.canary.status().history.last_transition().expect("something happened").reason
    }
}

pub(super) fn paused(because: PauseReason) -> State {
    State::Paused { because }
}

pub(super) fn plenty() -> CohortNumbers {
    CohortNumbers { requests: 10_000, units: 1_000, error_rate: Some(0.01), avg_latency_ms: Some(12.5), ..CohortNumbers::default() }
}

fn nobody() -> CohortNumbers {
    CohortNumbers::default()
}

pub(super) fn evidence(canary: &Canary, window: u64, first: Verdict) -> Evidence {
    let names: Vec<String> = match canary.shadow() {
        Some(shadow) => shadow.limits().map(|limit| limit.name().to_owned()).collect(),
        None => canary.plan().guards(canary.stage()).iter().map(|guard| guard.name().to_owned()).collect(),
    };
    let evaluations = names.into_iter().enumerate().map(|(index, guard)| Evaluation {
        guard,
        verdict: if index == 0 { first } else { Verdict::Pass },
        reason: "as measured".to_owned(),
        numbers: BTreeMap::from([("estimate".to_owned(), 0.01)]),
    });
    let evaluations = evaluations.collect();
    let measured = match canary.shadow() {
        Some(_) => {
            let comparison = ComparisonNumbers { compared: 10_000, overlap: Some(0.4), ..ComparisonNumbers::default() };
            Measurement { window, canary: nobody(), control: nobody(), evaluations, comparison: Some(comparison) }
        }
        None => Measurement { window, canary: plenty(), control: plenty(), evaluations, comparison: None },
    };
    Evidence { applied: true, frozen: None, basis: Ok(()), measured: Ok(measured), counted: Counted::default(), uncounted: None }
}

/// The evidence with other numbers in it.
pub(super) fn measured(mut evidence: Evidence, change: impl FnOnce(&mut Measurement)) -> Evidence {
    change(evidence.measured.as_mut().expect("measured"));
    evidence
}

/// Another verdict of the guard of this name.
pub(super) fn judge(measured: &mut Measurement, guard: &str, verdict: Verdict) {
    measured.evaluations.iter_mut().find(|found| found.guard == guard).expect("the plan has it").verdict = verdict;
}

pub(super) fn unmeasured() -> Evidence {
    Evidence {
        applied: true,
        frozen: None,
        basis: Ok(()),
        measured: Err("the store does not answer".to_owned()),
        counted: Counted::default(),
        uncounted: None,
    }
}
