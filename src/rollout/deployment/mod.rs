//! Blue-green deployments: a new collection is built, looked at, given the alias, watched, and the old one retired.
//!
//! Pure, as the whole room: `control` keeps a [`Deployment`] as a document, does the [`Work`] it asks for, and reports the
//! [`Outcome`]. Each state has one work, and each work may be done twice: a leader may die before it reports.
//!
//! ```text
//! checking -> creating -> copying -> verifying -> finishing -> validating -> releasing -> watching -> completed
//!                    \-> awaiting_ready -----------^
//! verifying, releasing, watching -> awaiting_acceptance, where acknowledged writes would be lost (I11): an operator verifies again,
//!                                   accepts the loss, or goes back
//! any of them -> rolling_back -> rolled_back, cancelled        (rollback_failed tries for ever)
//!             -> failed, where nothing was made or nothing is to be undone
//! ```
//!
//! The alias itself is moved by a canary of one stage: it brings the route at 100 %, the one alias action, the evidence of
//! all replicas, and the way back. What is undone here is the collection, and only if this deployment made it (I5).

mod check;
mod command;
mod report;
mod rests;
mod source;
mod spec;
mod stakes;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{By, Timestamp};
use crate::qdrant::{Checkpoint, CloneRecord, Difference, Schema, Undone, Validation, Verification};

use stakes::Stakes;

pub use command::DeploymentCommand;
pub use report::{Built, Outcome, Release, Verified};
pub use source::Source;
pub use spec::DeploymentSpec;
pub use state::{DeploymentEnding, DeploymentState};

/// Pauses between attempts double up to the longest.
const FIRST_PAUSE_MS: u64 = 1_000;
const LONGEST_PAUSE_MS: u64 = 60_000;
/// With the pauses above, about ten minutes of a Qdrant that does not answer.
const MOST_ATTEMPTS: u32 = 15;

/// One deployment, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    id: String,
    spec: DeploymentSpec,
    /// The new collection.
    collection: String,
    created: Timestamp,
    state: DeploymentState,
    tries: Tries,
    found: Found,
    made: Made,
    history: Vec<DeploymentStep>,
    /// The writes that only one of the two collections gets.
    #[serde(default)]
    stakes: Stakes,
}

/// Attempts at the present work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tries {
    failed: u32,
    not_before: Option<Timestamp>,
    error: Option<String>,
}

/// What was learnt on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What the alias pointed at.
    pub previous: Option<String>,
    /// What the new collection is to be like, where it is made here.
    pub schema: Option<Schema>,
    /// Between the old collection and the new one.
    pub differences: Vec<Difference>,
    pub checkpoint: Option<Checkpoint>,
    pub points_per_second: Option<f64>,
    /// Milliseconds the copy will take still, at that rate.
    pub left_ms: Option<u64>,
    pub verification: Option<Verification>,
    pub validation: Option<Validation>,
    /// Looks at the new collection after the switch that found it wanting.
    pub failed_looks: u32,
    pub last_failure: Option<String>,
    pub undone: Option<Undone>,
    pub warnings: Vec<String>,
}

/// What this deployment has to answer for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// There from before the first request on, so that no collection is made without a record.
    pub clone: Option<CloneRecord>,
    /// The canary that moves the alias.
    pub canary: Option<String>,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Check,
    Create,
    Copy,
    Verify,
    /// Strict mode, and until the collection is ready.
    Finish,
    Validate,
    /// Make the canary that moves the alias.
    Release,
    /// See how that canary and the new collection are getting on.
    Watch,
    Undo,
}

/// One step from a state to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeploymentStep {
    pub at: Timestamp,
    pub from: DeploymentState,
    pub to: DeploymentState,
    pub actor: String,
    pub reason: String,
}

impl Deployment {
    /// A deployment of a spec that has passed its [check](DeploymentSpec::check), into the collection `collection`.
    #[must_use]
    pub fn create(id: impl Into<String>, spec: DeploymentSpec, collection: impl Into<String>, now: Timestamp, by: &By) -> Self {
        let mut deployment = Self {
            id: id.into(),
            spec,
            collection: collection.into(),
            created: now,
            state: DeploymentState::Checking,
            tries: Tries::default(),
            found: Found::default(),
            made: Made::default(),
            history: Vec::new(),
            stakes: Stakes::default(),
        };
        deployment.enter(now, DeploymentState::Checking, by);
        deployment
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn spec(&self) -> &DeploymentSpec {
        &self.spec
    }

    #[must_use]
    pub fn collection(&self) -> &str {
        &self.collection
    }

    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    #[must_use]
    pub fn state(&self) -> DeploymentState {
        self.state
    }

    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }

    #[must_use]
    pub fn made(&self) -> &Made {
        &self.made
    }

    #[must_use]
    pub fn history(&self) -> &[DeploymentStep] {
        &self.history
    }

    /// The last error of the present work, and how often it has failed.
    #[must_use]
    pub fn trouble(&self) -> Option<(u32, &str)> {
        self.tries.error.as_deref().map(|error| (self.tries.failed, error))
    }

    /// When there is something to do; never, when it has ended or waits for an operator.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.state.work().map(|_| self.tries.not_before.unwrap_or_default())
    }

    /// What is to be done now.
    #[must_use]
    pub fn work(&self, now: Timestamp) -> Option<Work> {
        self.due_at().filter(|due| *due <= now).and_then(|_| self.state.work())
    }

    /// Whether this deployment's collection has ever answered users.
    #[must_use]
    pub fn has_served(&self) -> bool {
        self.made.canary.is_some()
    }

    fn enter(&mut self, now: Timestamp, to: DeploymentState, by: &By) {
        let from = std::mem::replace(&mut self.state, to);
        self.tries = Tries::default();
        self.history.push(DeploymentStep { at: now, from, to, actor: by.actor.clone(), reason: by.reason.clone() });
    }

    /// Another attempt later, each time a little later.
    fn put_off(&mut self, now: Timestamp, error: String) {
        let doubled = FIRST_PAUSE_MS.saturating_mul(1_u64.checked_shl(self.tries.failed).unwrap_or(u64::MAX));
        self.tries.failed = self.tries.failed.saturating_add(1);
        self.tries.error = Some(error);
        self.wait(now, Duration::from_millis(doubled.min(LONGEST_PAUSE_MS)));
    }

    fn wait(&mut self, now: Timestamp, length: Duration) {
        let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        self.tries.not_before = Some(Timestamp::from_millis(now.millis().saturating_add(length)));
    }
}
