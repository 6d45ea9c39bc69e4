//! The end of an experiment, and who gets its alias: a canary of the arm that won, or a switch.

use schemars::JsonSchema;
use serde::Deserialize;

use super::alias::{AliasChange, Aliases};
use super::canary::Canaries;
use super::engine::{Caller, ControlError, Engine};
use super::experiment::{ExperimentView, Experiments};
use super::loss::{Consent, Losses};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::rollout::CanarySpec;
use crate::routing::{SpecFault, SplitPolicy};

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
    /// Default: what the experiment was made with.
    #[serde(default)]
    pub late_feedback: Option<Period>,
    #[serde(default)]
    pub reason: Option<String>,
    /// The arm whose collection the alias is to get.
    #[serde(default)]
    pub promote: Option<String>,
    /// How it gets it; default by a canary.
    #[serde(default)]
    pub by: Option<Handover>,
    /// Also when acknowledged writes are lost by that.
    #[serde(default)]
    pub accept_lost_writes: bool,
}

/// Ends experiments. Clones are the same.
#[derive(Clone, Debug)]
pub struct Handovers {
    engine: Engine,
    losses: Losses,
    experiments: Experiments,
    canaries: Canaries,
    aliases: Aliases,
}

impl Handovers {
    pub(super) fn new(engine: Engine, losses: Losses, experiments: Experiments, canaries: Canaries, aliases: Aliases) -> Self {
        Self { engine, losses, experiments, canaries, aliases }
    }

    /// Sends the traffic back to the alias. The analysis is frozen when late feedback is in.
    ///
    /// # Errors
    /// When there is no such experiment, it was stopped before and nothing is promoted, there is no such arm, or the handover is
    /// refused: then it is stopped all the same.
    pub async fn stop(&self, id: &str, stop: StopRequest, caller: Caller) -> Result<ExperimentView, ControlError> {
        let caller = caller.because(stop.reason.clone());
        self.engine.look_again().await?;
        let winner = match &stop.promote {
            None => None,
            Some(arm) => Some(self.winner(id, arm, stop.by.unwrap_or(Handover::Canary))?),
        };
        let stake = winner.as_ref().and_then(|winner| self.experiments.known(id).ok()?.stake(&winner.collection));
        let accepts = stop.accept_lost_writes || self.experiments.known(id)?.experiment.spec().accept_lost_writes;
        // Before the experiment is stopped: a refusal changes nothing.
        if let Some(stake) = &stake {
            Consent::of(accepts).to(stake.loss(&self.losses.counted().await?), "giving it the alias", "")?;
        }
        // One that has stopped already, by itself perhaps, has sent its traffic back: what is left is to act upon it.
        let stopped = match &winner {
            Some(_) if !self.experiments.known(id)?.experiment.holds_alias() => self.experiments.show(id)?,
            _ => self.experiments.send_back(id, stop.late_feedback, caller.clone()).await?,
        };
        let Some(Winner { alias, collection, upstream, policy, by }) = winner else { return Ok(stopped) };
        let caller = caller.otherwise(Some(format!("the experiment `{id}` was won")));
        match by {
            Handover::Canary => {
                let spec = CanarySpec { upstream, accept_lost_writes: accepts, ..CanarySpec::new(alias, collection).settled(policy) };
                self.canaries.create_since(spec, None, stake, caller).await?;
            }
            Handover::Switch => {
                let change = AliasChange { collection, accept_lost_writes: accepts, ..AliasChange::default() };
                self.aliases.switch(&alias, change, caller).await?;
            }
        }
        self.experiments.show(id)
    }

    fn winner(&self, id: &str, arm: &str, by: Handover) -> Result<Winner, ControlError> {
        let document = self.experiments.known(id)?;
        let spec = document.experiment.spec();
        let invalid = |reason: String| ControlError::Invalid(vec![SpecFault::new("promote", reason)]);
        let arm = spec.arms.iter().find(|known| known.name == arm).ok_or_else(|| invalid(format!("there is no arm `{arm}`")))?;
        let alias = spec.alias.clone().ok_or_else(|| invalid("the experiment has no alias".to_owned()))?;
        let collection = arm.collection.clone().ok_or_else(|| invalid(format!("the alias points at `{}` already", arm.name)))?;
        let upstream = arm.upstream.clone().filter(|upstream| upstream != DEFAULT_UPSTREAM);
        if let Some(upstream) = upstream.as_deref().filter(|_| by == Handover::Switch) {
            let reason = format!("`{}` is on the upstream `{upstream}`, and an alias points at collections of its own Qdrant", arm.name);
            return Err(ControlError::Invalid(vec![SpecFault::new("by", reason)]));
        }
        Ok(Winner { alias, collection, upstream, policy: spec.policy(self.engine.plan().policy_before), by })
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
