//! What people ask of experiments.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use ulid::Ulid;

use super::Trial;
use super::views::ExperimentView;
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::aliases::AliasChange;
use crate::control::author::{Author, Deed};
use crate::control::change::Expected;
use crate::control::document::json;
use crate::control::error::ControlError;
use crate::control::state::{Control, State};
use crate::control::{Consent, clock, once, retirement};
use crate::experiment::{Experiment, ExperimentSpec, Refusal};
use crate::rollout::CanarySpec;
use crate::routing::{SpecFault, SplitPolicy};
use crate::store;

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

/// Whom the alias is handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    Canary,
    Switch,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExperimentStop")]
pub struct StopRequest {
    /// How long feedback is still taken. Default: as the experiment was created with.
    #[serde(default)]
    pub late_feedback: Option<Period>,
    /// Why, for the audit log.
    #[serde(default)]
    pub reason: Option<String>,
    /// The arm whose collection gets the alias. Default: the alias stays where it is.
    #[serde(default)]
    pub promote: Option<String>,
    /// How that arm gets the alias. Default `canary`.
    #[serde(default)]
    pub by: Option<Handover>,
    /// Whether acknowledged writes may be lost by `promote`.
    #[serde(default)]
    pub accept_lost_writes: bool,
}

impl Control {
    /// Creates an experiment; it begins when its time has come. With a `key`, the same request creates one, however often
    /// it is sent.
    ///
    /// # Errors
    /// When the spec is faulty, an arm is not fit, something else runs on the alias, or the change cannot be kept.
    pub async fn create_experiment(
        &self,
        spec: ExperimentSpec,
        key: Option<String>,
        author: Author,
    ) -> Result<ExperimentView, ControlError> {
        let (control, by) = (self.clone(), author.clone());
        let subject = spec.alias.clone().unwrap_or_else(|| spec.name.clone());
        let action = "experiment.create";
        let about = subject.clone();
        let creating = async move { control.create_experiment_now(spec, key.as_deref(), Deed { action, subject: &about }, &by).await };
        self.to_its_end(action, subject, author, creating).await
    }

    async fn create_experiment_now(
        &self,
        spec: ExperimentSpec,
        key: Option<&str>,
        deed: Deed<'_>,
        author: &Author,
    ) -> Result<ExperimentView, ControlError> {
        let id = format!("exp_{}_{}", spec.name, Ulid::new());
        let key = once::key(key, "experiment", &spec, &id);
        if let Some(id) = self.created_before(key.as_ref()).await? {
            return self.experiment(&id);
        }
        let plan = self.plan();
        let spec = spec.normalized(&plan.upstream_names()).map_err(ControlError::Invalid)?;
        let spec = if spec.alias.is_some() { spec.settled(plan.policy) } else { spec };
        self.check_experiment(&spec).await?;
        let counted = self.counted().await?;
        let _writing = self.writing().await?;
        let (alias, part) = (spec.alias.clone(), spec.layer);
        let reason = author.reason.as_deref().unwrap_or("created");
        let mut experiment = Experiment::create(&id, spec, clock::now(), &author.actor, reason);
        let listing = Arc::clone(&self.0.state.load().listing);
        let points_at = alias.as_ref().and_then(|alias| listing.aliases.get(alias));
        if let Some(points_at) = points_at {
            experiment.notice(clock::now(), points_at);
        }
        let mut trial = Trial { experiment, marks: Vec::new(), moved: Vec::new(), revision: 0 };
        points_at.into_iter().for_each(|points_at| trial.count_from(points_at, &counted));
        let created = self.commit_newest(|state| {
            alias.iter().try_for_each(|alias| state.held.has_room(alias, &part))?;
            let audit = author.did(deed, None, Some(json(&trial.experiment.spec())));
            let writes = trial.writes(None, &state.held);
            let mut change = store::Change { idempotency: key.clone(), events: trial.events(None), ..store::Change::new(audit, writes) };
            for (upstream, collection) in trial.places() {
                retirement::claim(state, (upstream.unwrap_or(DEFAULT_UPSTREAM), collection), &trial.name(), &mut change)?;
            }
            Ok((Some(change), ()))
        });
        if let Err(error) = created.await {
            return match once::replayed(&error) {
                Some(id) => self.experiment(&id),
                None => Err(error.occupied(deed.subject)),
            };
        }
        tracing::info!(experiment = id, alias, actor = author.actor, "experiment created");
        self.experiment(&id)
    }

    /// Changes the split of a running experiment.
    ///
    /// # Errors
    /// When there is no such experiment, it is not running, somebody else changed it, or the numbers are no split.
    pub async fn change_experiment(
        &self,
        id: &str,
        change: ExperimentChange,
        expected: Expected,
        author: Author,
    ) -> Result<ExperimentView, ControlError> {
        let author = Author { reason: change.reason.clone().or(author.reason), ..author };
        self.edit_experiment("experiment.change", id, expected, author, move |experiment, author| {
            let weights = change.weights.as_ref().map(|weights| in_order(experiment.spec(), weights)).transpose()?;
            let reason = author.reason.as_deref().unwrap_or("the split was changed");
            experiment.reweigh(clock::now(), (weights, change.exposure_percentage), &author.actor, reason).map_err(refused)
        })
        .await
    }

    /// Sends the traffic back to the alias. The analysis is frozen when late feedback is in.
    ///
    /// # Errors
    /// When there is no such experiment, it was stopped before and nothing is promoted, there is no such arm, or the handover is
    /// refused: then it is stopped all the same.
    pub async fn stop_experiment(&self, id: &str, stop: StopRequest, author: Author) -> Result<ExperimentView, ControlError> {
        let author = Author { reason: stop.reason.clone().or(author.reason), ..author };
        self.look_again().await?;
        let winner = match &stop.promote {
            None => None,
            Some(arm) => Some(self.winner(id, arm, stop.by.unwrap_or(Handover::Canary))?),
        };
        let stake = winner.as_ref().and_then(|winner| self.trial(id).ok()?.stake(&winner.collection));
        let accepts = stop.accept_lost_writes || self.trial(id)?.experiment.spec().accept_lost_writes;
        // Before the experiment is stopped: a refusal changes nothing.
        if let Some(stake) = &stake {
            Consent::of(accepts).to(stake.loss(&self.counted().await?), "giving it the alias", "")?;
        }
        // One that has stopped already, by itself perhaps, has sent its traffic back: what is left is to act upon it.
        let stopped = match &winner {
            Some(_) if !self.trial(id)?.experiment.holds_alias() => self.experiment(id)?,
            _ => self.send_back(id, stop.late_feedback, author.clone()).await?,
        };
        let Some(Winner { alias, collection, upstream, policy, by }) = winner else { return Ok(stopped) };
        let author = Author { reason: Some(author.reason.unwrap_or_else(|| format!("the experiment `{id}` was won"))), ..author };
        match by {
            Handover::Canary => {
                let spec = CanarySpec { upstream, accept_lost_writes: accepts, ..CanarySpec::new(alias, collection).settled(policy) };
                self.create_canary_since(spec, None, stake, author).await?;
            }
            Handover::Switch => {
                self.switch_alias(&alias, AliasChange { collection, accept_lost_writes: accepts, ..AliasChange::default() }, author)
                    .await?;
            }
        }
        self.experiment(id)
    }

    /// Stops an experiment, whatever comes after it.
    pub(in crate::control) async fn send_back(
        &self,
        id: &str,
        late: Option<Period>,
        author: Author,
    ) -> Result<ExperimentView, ControlError> {
        self.edit_experiment("experiment.stop", id, Expected::Any, author, move |experiment, author| {
            let reason = author.reason.as_deref().unwrap_or("stopped");
            experiment.stop(clock::now(), late, &author.actor, reason).map_err(refused)
        })
        .await
    }

    fn winner(&self, id: &str, arm: &str, by: Handover) -> Result<Winner, ControlError> {
        let trial = self.trial(id)?;
        let spec = trial.experiment.spec();
        let invalid = |reason: String| ControlError::Invalid(vec![SpecFault::new("promote", reason)]);
        let arm = spec.arms.iter().find(|known| known.name == arm).ok_or_else(|| invalid(format!("there is no arm `{arm}`")))?;
        let alias = spec.alias.clone().ok_or_else(|| invalid("the experiment has no alias".to_owned()))?;
        let collection = arm.collection.clone().ok_or_else(|| invalid(format!("the alias points at `{}` already", arm.name)))?;
        let upstream = arm.upstream.clone().filter(|upstream| upstream != DEFAULT_UPSTREAM);
        if let Some(upstream) = upstream.as_deref().filter(|_| by == Handover::Switch) {
            let reason = format!("`{}` is on the upstream `{upstream}`, and an alias points at collections of its own Qdrant", arm.name);
            return Err(ControlError::Invalid(vec![SpecFault::new("by", reason)]));
        }
        Ok(Winner { alias, collection, upstream, policy: spec.policy(self.plan().policy_before), by })
    }

    async fn edit_experiment(
        &self,
        action: &'static str,
        id: &str,
        expected: Expected,
        author: Author,
        edit: impl Fn(&mut Experiment, &Author) -> Result<(), ControlError> + Send + Sync + 'static,
    ) -> Result<ExperimentView, ControlError> {
        let (control, by, subject) = (self.clone(), author.clone(), id.to_owned());
        let editing = async move {
            let _writing = control.writing().await?;
            let edited = control.commit_newest(|state| {
                let before = state.trial(&subject)?;
                if let Expected::Revision(wanted) = expected
                    && wanted != before.revision
                {
                    return Err(ControlError::StaleExperiment { id: subject.clone(), expected: wanted, current: before.revision });
                }
                let mut after = before.clone();
                edit(&mut after.experiment, &by)?;
                let shown = |trial: &Trial| Some(json(&trial.experiment.phase()));
                let deed = Deed { action, subject: before.alias().unwrap_or(&subject) };
                let audit = by.did(deed, shown(before), shown(&after));
                let mut change = store::Change::new(audit, after.writes(Some(before), &state.held));
                change.events = after.events(Some(before));
                Ok((Some(change), ()))
            });
            edited.await?;
            tracing::info!(experiment = subject, action, actor = by.actor, "experiment changed");
            control.experiment(&subject)
        };
        self.to_its_end(action, id.to_owned(), author, editing).await
    }

    pub(super) fn trial(&self, id: &str) -> Result<Trial, ControlError> {
        self.0.state.load().trial(id).cloned()
    }

    /// # Errors
    /// When there is no such experiment.
    pub fn experiment(&self, id: &str) -> Result<ExperimentView, ControlError> {
        Ok(ExperimentView::of(&self.trial(id)?, &self.counted_lately(), self.plan().policy_before))
    }

    /// All experiments, the ended ones too, by id.
    #[must_use]
    pub fn experiments(&self) -> Vec<ExperimentView> {
        let (counted, state) = (self.counted_lately(), self.0.state.load());
        let view = |trial| ExperimentView::of(trial, &counted, state.plan.policy_before);
        state.held.experiments.values().map(view).collect()
    }
}

impl State {
    fn trial(&self, id: &str) -> Result<&Trial, ControlError> {
        self.held.experiments.get(id).ok_or_else(|| ControlError::NoExperiment(id.to_owned()))
    }
}

struct Winner {
    alias: String,
    collection: String,
    upstream: Option<String>,
    /// The canary deals what the experiment dealt.
    policy: SplitPolicy,
    by: Handover,
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
