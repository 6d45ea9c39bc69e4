//! A shadow comparison of its own: reads of an alias are mirrored to a collection, its answers are compared with those that
//! were served, and no user sees them. The alias stays free for routes, canaries and experiments.
//!
//! Pure, as all of `rollout`: `control` owns a [`Shadow`] as a JSON document, says what time it is, stores what it has
//! become, and only then acts upon it.

mod spec;
mod state;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use spec::ShadowSpec;
pub use state::{ShadowState, ShadowStep};

use super::{Basis, BasisFault, By};
use crate::config::{DEFAULT_UPSTREAM, Period, Timestamp};

/// After the last read was mirrored, answers may still be under way, and replicas have counts to write down.
const LAST_COUNTS: Period = Period::from_secs(5);

/// A shadow comparison, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    id: String,
    spec: ShadowSpec,
    state: ShadowState,
    created: Timestamp,
    /// Where the alias pointed when it began, and what its answers are compared with. Not there in older documents.
    #[serde(default)]
    stable: Option<String>,
    /// When mirroring ended.
    #[serde(default)]
    stopped_at: Option<Timestamp>,
    history: Vec<ShadowStep>,
    /// The report that stands, once there is one.
    #[serde(default)]
    report: Option<serde_json::Value>,
}

/// It was stopped before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shadow comparison `{id}` is {state}: it was stopped before")]
pub struct Stopped {
    pub id: String,
    pub state: ShadowState,
}

impl Shadow {
    /// One with a checked spec, whose collection has been looked at. It runs at once.
    #[must_use]
    pub fn create(id: &str, spec: ShadowSpec, stable: &str, now: Timestamp, by: &By) -> Self {
        let state = ShadowState::Running;
        let begun = ShadowStep::new(now, state, by);
        Self {
            id: id.to_owned(),
            spec,
            state,
            created: now,
            stable: Some(stable.to_owned()),
            stopped_at: None,
            history: vec![begun],
            report: None,
        }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub const fn spec(&self) -> &ShadowSpec {
        &self.spec
    }

    #[must_use]
    pub const fn state(&self) -> ShadowState {
        self.state
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state != ShadowState::Ended
    }

    /// Reads are mirrored: the alias can have no other shadow, and the collection has to stay.
    #[must_use]
    pub fn mirrors(&self) -> bool {
        self.state == ShadowState::Running
    }

    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// Where the alias pointed when it began.
    #[must_use]
    pub fn stable(&self) -> Option<&str> {
        self.stable.as_deref()
    }

    #[must_use]
    pub const fn stopped_at(&self) -> Option<Timestamp> {
        self.stopped_at
    }

    /// When it stops by itself.
    #[must_use]
    pub fn planned_end(&self) -> Timestamp {
        self.created.plus(self.spec.max_duration)
    }

    #[must_use]
    pub fn history(&self) -> &[ShadowStep] {
        &self.history
    }

    #[must_use]
    pub const fn report(&self) -> Option<&serde_json::Value> {
        self.report.as_ref()
    }

    /// When the next step is due without a command.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            ShadowState::Running => Some(self.planned_end()),
            ShadowState::Settling => self.stopped_at.map(|stopped| stopped.plus(LAST_COUNTS)),
            ShadowState::Ended => None,
        }
    }

    /// Stops it when its time is over. Whether it did.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let over = self.mirrors() && self.planned_end() <= now;
        if over {
            self.stop_now(now, &By::controller("its longest duration is over"));
        }
        over
    }

    /// What has to be there for answers to be compared with those of the same collection.
    #[must_use]
    pub fn basis(&self) -> Option<Basis<'_>> {
        let here = self.spec.upstream.as_deref().is_none_or(|upstream| upstream == DEFAULT_UPSTREAM);
        let collections = here.then_some(self.spec.collection.as_str()).into_iter().collect();
        self.mirrors().then(|| Basis { alias: Some(&self.spec.alias), target: self.stable.as_deref(), collections })
    }

    /// Stops it when what it rests on is gone: the report stands for what was compared until then. Whether it did.
    pub fn lose_basis(&mut self, now: Timestamp, fault: &BasisFault) -> bool {
        let over = self.mirrors() && !matches!(fault, BasisFault::Unknown(_));
        if over {
            self.stop_now(now, &By::controller(fault.to_string()));
        }
        over
    }

    /// Nothing is mirrored any more.
    ///
    /// # Errors
    /// When it was stopped before.
    pub fn stop(&mut self, now: Timestamp, by: &By) -> Result<(), Stopped> {
        if !self.mirrors() {
            return Err(Stopped { id: self.id.clone(), state: self.state });
        }
        self.stop_now(now, by);
        Ok(())
    }

    fn stop_now(&mut self, now: Timestamp, by: &By) {
        self.stopped_at = Some(now);
        self.enter(now, ShadowState::Settling, by);
    }

    /// Freezes the report.
    pub fn end(&mut self, now: Timestamp, report: serde_json::Value) {
        self.report = Some(report);
        self.enter(now, ShadowState::Ended, &By::controller("the report is frozen"));
    }

    fn enter(&mut self, now: Timestamp, state: ShadowState, by: &By) {
        self.state = state;
        self.history.push(ShadowStep::new(now, state, by));
    }
}
