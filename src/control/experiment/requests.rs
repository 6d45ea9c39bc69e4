//! What operators ask of experiments.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use ulid::Ulid;

use super::{ExperimentView, Experiments, known};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::clock;
use crate::control::documents::{ExperimentDocument, Noun, Resource};
use crate::control::engine::{Action, Caller, ControlError, Creation, Draft, Expected, Intent, State, Steps};
use crate::experiment::{Experiment, ExperimentSpec, Refusal};
use crate::rollout::loss::Counted;
use crate::routing::SpecFault;

/// Another split.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentChange {
    /// The parts of all arms by name, adding up to 1. Another split begins a new phase.
    #[serde(default)]
    pub weights: Option<BTreeMap<String, f64>>,
    /// How many of its units are in the experiment, above 0 and at most 100 percent. More only adds units; less begins a new phase.
    #[serde(default)]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub exposure_percentage: Option<f64>,
    /// Why, for the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Experiments {
    /// Creates an experiment; it begins when its time has come. With a `key`, the same request creates one, however often
    /// it is sent.
    ///
    /// # Errors
    /// When the spec is faulty, an arm is not fit, something else runs on the alias, or the change cannot be kept.
    pub async fn create(&self, spec: ExperimentSpec, key: Option<String>, caller: Caller) -> Result<ExperimentView, ControlError> {
        let id = format!("exp_{}_{}", spec.name, Ulid::generate());
        let subject = spec.alias.clone().unwrap_or_else(|| spec.name.clone());
        let creation = Creation { noun: Noun::Experiment, action: Action::ExperimentCreate, id, subject, request: spec, key, caller };
        let id = self.engine.create(creation, New(self.clone())).await?;
        self.show(&id)
    }

    /// Changes the split of a running experiment.
    ///
    /// # Errors
    /// When there is no such experiment, it is not running, another change came first, or the numbers are no split.
    pub async fn change(
        &self,
        id: &str,
        change: ExperimentChange,
        expected: Expected,
        caller: Caller,
    ) -> Result<ExperimentView, ControlError> {
        let caller = caller.because(change.reason.clone());
        self.edit(Intent::new(Action::ExperimentChange, id, caller), expected, move |experiment, caller| {
            let weights = change.weights.as_ref().map(|weights| in_order(experiment.spec(), weights)).transpose()?;
            let reason = caller.reason.as_deref().unwrap_or("the split was changed");
            experiment.reweigh(clock::now(), (weights, change.exposure_percentage), &caller.actor, reason).map_err(refused)
        })
        .await
    }

    /// Sends the traffic back to the alias, whatever comes after it. The analysis is frozen when late feedback is in.
    ///
    /// # Errors
    /// When there is no such experiment, or it was stopped before.
    pub(in crate::control) async fn send_back(
        &self,
        id: &str,
        late: Option<Period>,
        caller: Caller,
    ) -> Result<ExperimentView, ControlError> {
        self.edit(Intent::new(Action::ExperimentStop, id, caller), Expected::Any, move |experiment, caller| {
            let reason = caller.reason.as_deref().unwrap_or("stopped");
            experiment.stop(clock::now(), late, &caller.actor, reason).map_err(refused)
        })
        .await
    }

    async fn edit(
        &self,
        intent: Intent,
        expected: Expected,
        edit: impl Fn(&mut Experiment, &Caller) -> Result<(), ControlError> + Send + Sync + 'static,
    ) -> Result<ExperimentView, ControlError> {
        let (this, asked, Intent { subject: id, caller, action }) = (self.clone(), intent.clone(), intent.clone());
        let editing = async move {
            let writing = this.engine.begin(asked).await?;
            let edited = writing.commit(|state, draft| {
                let before = known(state, &id)?;
                if let Expected::Revision(wanted) = expected
                    && wanted != before.revision
                {
                    return Err(ControlError::StaleExperiment { id: id.clone(), expected: wanted, current: before.revision });
                }
                let mut after = before.clone();
                edit(&mut after.experiment, &caller)?;
                draft.writes = after.writes(Some(before), &state.documents);
                draft.events = after.events(Some(before));
                draft.about(before.alias().unwrap_or(&id));
                draft.record(Some(&before.experiment.phase()), Some(&after.experiment.phase()));
                Ok(())
            });
            edited.await?;
            drop(writing);
            tracing::info!(experiment = id, action = action.name(), actor = caller.actor, "experiment changed");
            this.show(&id)
        };
        self.engine.run(intent, editing).await
    }
}

/// What a creation of an experiment does of its own.
struct New(Experiments);

struct Prepared {
    /// With all its defaults.
    spec: ExperimentSpec,
    counted: Counted,
}

impl Steps for New {
    type Request = ExperimentSpec;
    type Prepared = Prepared;

    async fn prepare(&self, creation: &Creation<ExperimentSpec>) -> Result<Prepared, ControlError> {
        let plan = self.0.engine.plan();
        let spec = creation.request.clone().normalized(&plan.upstream_names()).map_err(ControlError::Invalid)?;
        let spec = if spec.alias.is_some() { spec.settled(plan.policy) } else { spec };
        self.0.check(&spec).await?;
        Ok(Prepared { spec, counted: self.0.losses.counted().await? })
    }

    fn draft(&self, creation: &Creation<ExperimentSpec>, made: &Prepared, state: &State, draft: &mut Draft) -> Result<(), ControlError> {
        let (caller, spec, now) = (&creation.caller, &made.spec, clock::now());
        let reason = caller.reason.as_deref().unwrap_or("created");
        let mut experiment = Experiment::create(&creation.id, spec.clone(), now, &caller.actor, reason);
        let points_at = spec.alias.as_ref().and_then(|alias| state.listing.aliases.get(alias));
        points_at.into_iter().for_each(|points_at| {
            experiment.notice(now, points_at);
        });
        let mut document = ExperimentDocument { experiment, marks: Vec::new(), moved: Vec::new(), revision: 0 };
        points_at.into_iter().for_each(|points_at| document.count_from(points_at, &made.counted));
        spec.alias.iter().try_for_each(|alias| state.documents.has_room(alias, &spec.layer))?;
        draft.writes = document.writes(None, &state.documents);
        draft.events = document.events(None);
        draft.record(None::<&()>, Some(spec));
        for (upstream, collection) in document.places(&state.documents) {
            draft.claim(state, (upstream.unwrap_or(DEFAULT_UPSTREAM), collection), &document.name())?;
        }
        Ok(())
    }
}

fn refused(refusal: Refusal) -> ControlError {
    match refusal {
        Refusal::Illegal(illegal) => ControlError::IllegalExperiment(illegal),
        Refusal::Invalid(faults) => ControlError::Invalid(faults),
    }
}

fn in_order(spec: &ExperimentSpec, weights: &BTreeMap<String, f64>) -> Result<Vec<f64>, ControlError> {
    let mut faults = Vec::new();
    let unknown = weights.keys().filter(|name| spec.arm(name).is_none());
    faults.extend(unknown.map(|name| SpecFault::new(format!("weights.{name}"), "there is no such arm")));
    let missing = spec.arms.iter().filter(|arm| !weights.contains_key(&arm.name));
    faults.extend(missing.map(|arm| SpecFault::new(format!("weights.{}", arm.name), "is missing; every arm needs a weight")));
    if faults.is_empty() { Ok(spec.arms.iter().map(|arm| weights[&arm.name]).collect()) } else { Err(ControlError::Invalid(faults)) }
}
