//! A canary's plan: as an operator writes it ([`CanarySpec`]), and as it is carried out ([`Plan`]).
//!
//! A [`Plan`] that exists has passed every check. It is stored as the spec it came from, with all defaults written out, so
//! that a later release with other defaults does not change a canary under way.

mod check;
mod guard;
mod query;
mod shadow;
mod spec;
mod stage;

use serde::{Deserialize, Serialize};

pub use guard::{Guard, Level, Rule, Statistic};
pub use query::filled;
pub use shadow::{Limit, ShadowStage};
pub use spec::{AtDeadline, CanarySpec, NoData};
pub use stage::{Stage, StageSpec};

pub(super) use check::MAX_PERIOD;
pub(super) use shadow::check_sampling;

use super::time::millis;
use crate::config::Timestamp;
use crate::routing::SpecFault;

/// A checked plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CanarySpec", into = "CanarySpec")]
pub struct Plan {
    spec: CanarySpec,
    stages: Vec<Stage>,
}

/// Everything wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PlanFaults(pub Vec<SpecFault>);

impl TryFrom<CanarySpec> for Plan {
    type Error = PlanFaults;

    fn try_from(spec: CanarySpec) -> Result<Self, PlanFaults> {
        let (stages, faults) = spec.check();
        if faults.is_empty() { Ok(Self { spec, stages }) } else { Err(PlanFaults(faults)) }
    }
}

impl From<Plan> for CanarySpec {
    fn from(plan: Plan) -> Self {
        plan.spec
    }
}

impl Plan {
    /// Everything about the plan that is not a stage.
    #[must_use]
    pub fn spec(&self) -> &CanarySpec {
        &self.spec
    }

    /// At least one; the shares rise, the last one is everything.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    pub(super) fn last_stage(&self) -> usize {
        self.stages.len() - 1
    }

    /// The guards of a stage: its own, or those of the plan.
    #[must_use]
    pub fn guards(&self, stage: usize) -> &[Guard] {
        self.stages.get(stage).and_then(|stage| stage.guards.as_deref()).unwrap_or(&self.spec.guards)
    }

    /// An alias cannot point at a collection of another upstream; there the route stays, with everything on the canary.
    #[must_use]
    pub fn switches_alias(&self) -> bool {
        self.spec.upstream.is_none()
    }

    /// Why nothing may be promoted at this moment.
    #[must_use]
    pub fn frozen(&self, now: Timestamp) -> Option<String> {
        self.spec.freeze.iter().find(|window| window.contains(now)).map(|window| format!("the plan's freeze window {window}"))
    }

    pub(super) fn overdue(&self, started: Option<Timestamp>, now: Timestamp) -> bool {
        self.spec.deadline.zip(started).is_some_and(|(deadline, started)| started.plus(deadline) <= now)
    }

    /// Of the time since the last look, as much as may count: a controller that was away has watched nothing.
    pub(super) fn watched(&self, milliseconds: u64) -> u64 {
        milliseconds.min(millis(self.spec.check_interval.get()).saturating_mul(2))
    }
}
