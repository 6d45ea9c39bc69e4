//! An experiment from its beginning to its end. The caller passes the time; what it became is stored before it is acted
//! upon, as with every rollout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layer::layer_salt;
use super::phase::{Assignment, BASELINE, FIRST_SPLIT, Phase};
use super::slice::Slices;
use super::spec::{ExperimentSpec, check_exposure, check_length, check_weights};
use crate::config::{Period, Timestamp};
use crate::routing::SpecFault;

/// After the last feedback was taken, replicas have this long to write down what they have counted.
const LAST_COUNTS: Period = Period::from_secs(5);
const MAX_PHASES: usize = 100;
const MAX_STEPS: usize = 200;
/// Moves of the alias past Pointsman that are noticed.
const MAX_MOVES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ExperimentState")]
pub enum State {
    Scheduled,
    /// Stable answers all units, and each is counted for its later arm.
    Baseline,
    Running,
    /// The traffic is back on the alias; late feedback is still taken.
    Settling,
    /// The analysis is frozen.
    Ended,
}

impl State {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Baseline => "baseline",
            Self::Running => "running",
            Self::Settling => "settling",
            Self::Ended => "ended",
        }
    }

    /// Requests are told apart by it.
    #[must_use]
    pub const fn is_counting(self) -> bool {
        matches!(self, Self::Baseline | Self::Running)
    }
}

/// One step of an experiment's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ExperimentStep")]
pub struct Step {
    pub at: Timestamp,
    pub state: State,
    pub phase: u32,
    pub actor: String,
    pub reason: String,
}

/// What an experiment does not take in its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the experiment `{id}` is {state}: {why}")]
pub struct Illegal {
    pub id: String,
    pub state: &'static str,
    pub why: &'static str,
}

/// Why a change of the split was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Illegal(Illegal),
    Invalid(Vec<SpecFault>),
}

impl From<Illegal> for Refusal {
    fn from(illegal: Illegal) -> Self {
        Self::Illegal(illegal)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    id: String,
    spec: ExperimentSpec,
    state: State,
    created: Timestamp,
    /// When the split began.
    #[serde(default)]
    split_at: Option<Timestamp>,
    /// When the traffic went back.
    #[serde(default)]
    stopped_at: Option<Timestamp>,
    /// Until when feedback is taken, once it is stopped.
    #[serde(default)]
    feedback_until: Option<Timestamp>,
    /// Where the alias has pointed meanwhile, for a control that is whatever it points at: one collection, unless somebody
    /// has moved it past Pointsman.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    control_was: Vec<String>,
    phases: Vec<Phase>,
    /// Not there in documents of before there were any: the first tick begins one.
    #[serde(default)]
    slices: Slices,
    history: Vec<Step>,
    /// The analysis that stands.
    #[serde(default)]
    report: Option<serde_json::Value>,
}

impl Experiment {
    /// One with a checked spec.
    #[must_use]
    pub fn create(id: &str, spec: ExperimentSpec, now: Timestamp, actor: &str, reason: &str) -> Self {
        let mut created = Self {
            id: id.to_owned(),
            spec,
            state: State::Scheduled,
            created: now,
            split_at: None,
            stopped_at: None,
            feedback_until: None,
            control_was: Vec::new(),
            phases: Vec::new(),
            slices: Slices::default(),
            history: Vec::new(),
            report: None,
        };
        created.note(now, actor, reason);
        created.tick(now);
        created
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub const fn spec(&self) -> &ExperimentSpec {
        &self.spec
    }

    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state != State::Ended
    }

    /// Its traffic is, or may come to be, split by it.
    #[must_use]
    pub fn holds_alias(&self) -> bool {
        matches!(self.state, State::Scheduled | State::Baseline | State::Running)
    }

    #[must_use]
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// The phase that counts now, or that counted last.
    #[must_use]
    pub fn phase(&self) -> Option<&Phase> {
        self.phases.last()
    }

    /// Where a unit is by one of its phases.
    #[must_use]
    pub fn assign(&self, phase: &Phase, unit: &[u8]) -> Assignment {
        let assigned = phase.assign(&self.id, unit);
        let Some(alias) = self.spec.alias.as_deref().filter(|_| !self.spec.layer.is_whole()) else { return assigned };
        let place = layer_salt(alias).slot(unit);
        let arm = assigned.arm.filter(|_| self.spec.layer.slots().contains(&place));
        Assignment { layer_slot: Some(place), arm, ..assigned }
    }

    #[must_use]
    pub const fn slices(&self) -> &Slices {
        &self.slices
    }

    /// Nothing is counted any more in the slice of this number.
    #[must_use]
    pub fn has_closed(&self, slice: u32, now: Timestamp) -> bool {
        self.slices.is_closed(slice, self.spec.time_resolution(), now)
    }

    #[must_use]
    pub fn history(&self) -> &[Step] {
        &self.history
    }

    #[must_use]
    pub const fn report(&self) -> Option<&serde_json::Value> {
        self.report.as_ref()
    }

    #[must_use]
    pub const fn stopped_at(&self) -> Option<Timestamp> {
        self.stopped_at
    }

    /// When it ends by itself, if its split has begun.
    #[must_use]
    pub fn planned_end(&self) -> Option<Timestamp> {
        self.split_at.map(|at| at.plus(self.spec.max_duration))
    }

    #[must_use]
    pub fn split_at(&self) -> Option<Timestamp> {
        self.split_at
    }

    /// When the next step is due without a command.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Scheduled => Some(self.spec.start_at.unwrap_or(self.created)),
            State::Baseline => self.phases.first().map(|phase| phase.since.plus(self.spec.pre_period.unwrap_or(Period::from_secs(0)))),
            State::Running => self.planned_end().into_iter().chain(self.next_slice()).min(),
            State::Settling => self.feedback_until.map(|until| until.plus(LAST_COUNTS)),
            State::Ended => None,
        }
    }

    /// When the present slice is long enough.
    fn next_slice(&self) -> Option<Timestamp> {
        let since = self.slices.present().map(|slice| slice.since).or(self.split_at)?;
        Some(since.plus(self.spec.time_resolution()))
    }

    /// Whether feedback is taken.
    #[must_use]
    pub fn takes_feedback(&self, now: Timestamp) -> bool {
        match self.state {
            State::Running => true,
            State::Settling => self.feedback_until.is_some_and(|until| now < until),
            State::Scheduled | State::Baseline | State::Ended => false,
        }
    }

    /// Where the alias has pointed while its control was whatever it points at.
    #[must_use]
    pub fn control_was(&self) -> &[String] {
        &self.control_was
    }

    /// Whether it is news that the alias points there.
    #[must_use]
    pub fn is_news(&self, collection: &str) -> bool {
        let follows = self.spec.arms.first().is_some_and(|control| control.collection.is_none());
        let watched = follows && matches!(self.state, State::Baseline | State::Running) && self.control_was.len() < MAX_MOVES;
        watched && self.control_was.last().is_none_or(|last| last != collection)
    }

    /// The alias points there. Whether that is news.
    pub fn notice(&mut self, now: Timestamp, collection: &str) -> bool {
        if !self.is_news(collection) {
            return false;
        }
        if let Some(last) = self.control_was.last() {
            let reason = format!("the alias was moved from `{last}` to `{collection}` past Pointsman, and the control with it");
            self.note(now, "controller", &reason);
        }
        self.control_was.push(collection.to_owned());
        true
    }

    /// Does what is due, except for the end, which needs a report. Whether something was.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        if self.due_at().is_none_or(|due| now < due) {
            return false;
        }
        match self.state {
            State::Scheduled if self.spec.pre_period.is_some() => {
                self.first_phase(BASELINE, now);
                self.become_(State::Baseline, now, "controller", "the time before the split begins");
            }
            State::Scheduled => {
                self.first_phase(FIRST_SPLIT, now);
                self.split(now, "the split begins");
            }
            State::Baseline => {
                self.next_phase(now, Phase::clone);
                self.split(now, "the pre-period is over: the split begins");
            }
            State::Running if self.planned_end().is_some_and(|end| end <= now) => {
                self.stop_now(now, self.spec.late_feedback, "controller", "its longest duration is over");
            }
            State::Running => self.cut(now),
            State::Settling | State::Ended => return false,
        }
        true
    }

    fn split(&mut self, now: Timestamp, reason: &str) {
        self.split_at = Some(now);
        self.become_(State::Running, now, "controller", reason);
    }

    /// Sends the traffic back to the alias.
    ///
    /// # Errors
    /// When it was stopped before, or late feedback would be waited for too long.
    pub fn stop(&mut self, now: Timestamp, late_feedback: Option<Period>, actor: &str, reason: &str) -> Result<(), Refusal> {
        if !self.holds_alias() {
            return Err(self.illegal("it was stopped before").into());
        }
        let late_feedback = late_feedback.unwrap_or(self.spec.late_feedback);
        let mut faults = Vec::new();
        check_length(late_feedback, "late_feedback", &mut faults);
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        self.stop_now(now, late_feedback, actor, reason);
        Ok(())
    }

    pub(super) fn stop_now(&mut self, now: Timestamp, late_feedback: Period, actor: &str, reason: &str) {
        self.stopped_at = Some(now);
        self.feedback_until = Some(now.plus(late_feedback));
        if let Some(phase) = self.phases.last_mut() {
            phase.until = Some(now);
        }
        self.cut(now);
        self.become_(State::Settling, now, actor, reason);
    }

    /// Freezes the analysis.
    pub fn end(&mut self, now: Timestamp, report: serde_json::Value) {
        self.report = Some(report);
        self.become_(State::Ended, now, "controller", "the analysis is frozen");
    }

    /// Another exposure, other weights. More exposure adds units to the arms they would have had; anything else mixes old
    /// units with new ones, and begins a new phase.
    ///
    /// # Errors
    /// When the numbers are no split, or it is not running.
    pub fn reweigh(
        &mut self,
        now: Timestamp,
        (weights, exposure): (Option<Vec<f64>>, Option<f64>),
        actor: &str,
        reason: &str,
    ) -> Result<(), Refusal> {
        let Some(phase) = self.phases.last().filter(|_| self.state == State::Running) else {
            return Err(self.illegal("only one that is running can be changed").into());
        };
        let (weights, exposure) = (weights.unwrap_or_else(|| phase.weights.clone()), exposure.unwrap_or(phase.exposure_percentage));
        let mut faults = Vec::new();
        if weights.len() != self.spec.arms.len() {
            faults.push(SpecFault::new("weights", format!("there are {} arms, and {} weights", self.spec.arms.len(), weights.len())));
        } else {
            check_weights(&weights, "weights", &mut faults);
        }
        check_exposure(exposure, &mut faults);
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        let only_adds = weights == phase.weights && exposure >= phase.exposure_percentage;
        if !only_adds && self.phases.len() >= MAX_PHASES {
            return Err(self.illegal("it has had a hundred phases; stop it and create another").into());
        }
        if only_adds {
            let grown = phase.reallocated(weights, exposure);
            if let Some(last) = self.phases.last_mut() {
                *last = grown;
            }
        } else {
            self.next_phase(now, |phase| phase.reallocated(weights, exposure));
        }
        self.note(now, actor, reason);
        Ok(())
    }

    /// Ends the current phase and begins the one that `make` makes of it.
    fn next_phase(&mut self, now: Timestamp, make: impl FnOnce(&Phase) -> Phase) {
        let Some(last) = self.phases.last_mut() else { return };
        last.until = Some(now);
        let next = Phase { number: last.number + 1, since: now, until: None, ..make(last) };
        self.phases.push(next);
        self.cut(now);
    }

    fn first_phase(&mut self, number: u32, now: Timestamp) {
        self.phases.push(Phase::first(number, &self.spec, now));
        self.cut(now);
    }

    /// From now on counts go into a slice of their own.
    fn cut(&mut self, now: Timestamp) {
        if let Some(phase) = self.phases.last() {
            self.slices.begin(phase.number, now);
        }
    }

    fn become_(&mut self, state: State, now: Timestamp, actor: &str, reason: &str) {
        self.state = state;
        self.note(now, actor, reason);
    }

    fn note(&mut self, at: Timestamp, actor: &str, reason: &str) {
        let phase = self.phases.last().map_or(0, |phase| phase.number);
        if self.history.len() >= MAX_STEPS {
            // How it began matters as much as how it ended.
            self.history.remove(1);
        }
        self.history.push(Step { at, state: self.state, phase, actor: actor.to_owned(), reason: reason.to_owned() });
    }

    fn illegal(&self, why: &'static str) -> Illegal {
        Illegal { id: self.id.clone(), state: self.state.name(), why }
    }
}
