//! Experiments, and where units are, as they are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Experiments;
use crate::config::Timestamp;
use crate::control::LayerSlot;
use crate::control::documents::{ExperimentDocument, Resource};
use crate::control::engine::ControlError;
use crate::experiment::{ArmSpec, ExperimentSpec, Phase, Slice, State, Step};
use crate::rollout::loss::{Counted, Loss};
use crate::routing::{Interval, Reason, SplitPolicy};

/// An experiment as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Experiment")]
pub struct ExperimentView {
    pub id: String,
    /// Its `ETag`.
    pub revision: u64,
    pub state: State,
    /// When the split began.
    pub started_at: Option<Timestamp>,
    /// When it ends by itself.
    pub planned_end: Option<Timestamp>,
    pub stopped_at: Option<Timestamp>,
    pub phases: Vec<PhaseView>,
    /// Whose beginnings are the edges of all ranges.
    pub slices: Vec<Slice>,
    /// By arm: the writes that giving it the alias leaves behind, as far as they are counted.
    pub lost_if_promoted: BTreeMap<String, Loss>,
    pub warnings: Vec<String>,
    pub history: Vec<Step>,
    /// The spec with all its defaults.
    pub spec: ExperimentSpec,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExperimentPhase")]
pub struct PhaseView {
    pub number: u32,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub exposure_percentage: f64,
    pub weights: BTreeMap<String, f64>,
    /// Which slots belong to which arm; variant 0 is outside of the experiment, variant 1 the first arm.
    pub allocation: Vec<Interval>,
}

/// Where a unit is, so that an application can embed for the right model, and report what came of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Assignment")]
pub struct AssignmentView {
    pub experiment: String,
    pub phase: u32,
    pub unit: String,
    pub salt: String,
    pub slot: Option<u32>,
    /// None where the experiment has all of its alias's units.
    pub layer: Option<LayerSlot>,
    /// None: the unit is not in the experiment.
    pub arm: Option<String>,
    pub collection: Option<String>,
    pub upstream: Option<String>,
    /// Whether the unit has been counted as one of its arm, by this call.
    pub counted: bool,
    /// For feedback; none unless the unit was counted.
    pub token: Option<String>,
    pub reason: Reason,
}

impl ExperimentView {
    pub(super) fn of(document: &ExperimentDocument, counted: &Counted, policy_before: SplitPolicy) -> Self {
        let experiment = &document.experiment;
        let arms = &experiment.spec().arms;
        let phase = |phase: &Phase| PhaseView {
            number: phase.number,
            since: phase.since,
            until: phase.until,
            exposure_percentage: phase.exposure_percentage,
            weights: arms.iter().zip(&phase.weights).map(|(arm, weight)| (arm.name.clone(), *weight)).collect(),
            allocation: phase.allocation.intervals().to_vec(),
        };
        let loss = |arm: &ArmSpec| Some((arm.name.clone(), document.loss(arm.collection.as_deref()?, counted)?));
        let losses = arms.iter().filter(|_| document.is_live()).filter_map(loss).filter(|(_, loss)| loss.is_worth_telling());
        let losses: BTreeMap<String, Loss> = losses.collect();
        let spec = experiment.spec().clone();
        Self {
            warnings: losses.iter().map(|(arm, loss)| format!("{loss}: giving the alias to `{arm}` loses them")).collect(),
            lost_if_promoted: losses,
            id: experiment.id().to_owned(),
            revision: document.revision,
            state: experiment.state(),
            started_at: experiment.split_at(),
            planned_end: experiment.planned_end(),
            stopped_at: experiment.stopped_at(),
            phases: experiment.phases().iter().map(phase).collect(),
            slices: experiment.slices().all().to_vec(),
            history: experiment.history().to_vec(),
            spec: if spec.alias.is_some() { spec.settled(policy_before) } else { spec },
        }
    }
}

impl Experiments {
    /// # Errors
    /// When there is no such experiment.
    pub fn show(&self, id: &str) -> Result<ExperimentView, ControlError> {
        Ok(ExperimentView::of(&self.known(id)?, &self.losses.counted_lately(), self.engine.plan().policy_before))
    }

    /// All experiments, the ended ones too, by id.
    #[must_use]
    pub fn list(&self) -> Vec<ExperimentView> {
        let (counted, state) = (self.losses.counted_lately(), self.engine.state());
        let view = |document| ExperimentView::of(document, &counted, state.plan.policy_before);
        state.documents.experiments.values().map(view).collect()
    }
}
