//! The collections that a rollout, an experiment or a shadow comparison sends an alias's traffic to, for lists of aliases and
//! collections.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Kind;
use crate::control::state::State;
use crate::live::DEFAULT_UPSTREAM;

/// One collection that is asked beside the one the alias points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arm {
    pub kind: Kind,
    /// Of the canary, the experiment or the shadow comparison.
    pub id: String,
    pub alias: String,
    /// `canary`, `shadow`, or the name of the experiment's arm.
    pub arm: String,
    pub upstream: String,
    pub collection: String,
}

impl State {
    /// All of them, by alias. An arm without a collection is served by what the alias points at, and not among them.
    pub(in crate::control) fn arms(&self) -> BTreeMap<String, Vec<Arm>> {
        let here = &*self.plan.upstreams[DEFAULT_UPSTREAM].name;
        let mut arms: BTreeMap<String, Vec<Arm>> = BTreeMap::new();
        let mut add = |kind, id: &str, alias: &str, arm: &str, (upstream, collection): (Option<&str>, &str)| {
            arms.entry(alias.to_owned()).or_default().push(Arm {
                kind,
                id: id.to_owned(),
                alias: alias.to_owned(),
                arm: arm.to_owned(),
                upstream: upstream.unwrap_or(here).to_owned(),
                collection: collection.to_owned(),
            });
        };
        for running in self.held.canaries.values().filter(|running| running.is_live()) {
            let spec = running.canary.plan().spec();
            add(Kind::Canary, running.canary.id(), &spec.alias, "canary", (spec.upstream.as_deref(), spec.collection.as_str()));
        }
        for trial in self.held.experiments.values().filter(|trial| trial.experiment.holds_alias()) {
            let Some(alias) = trial.alias() else { continue };
            for arm in &trial.experiment.spec().arms {
                let Some(collection) = arm.collection.as_deref() else { continue };
                add(Kind::Experiment, trial.experiment.id(), alias, &arm.name, (arm.upstream.as_deref(), collection));
            }
        }
        for mirroring in self.held.shadows.values().filter(|mirroring| mirroring.shadow.mirrors()) {
            add(Kind::Shadow, mirroring.shadow.id(), mirroring.alias(), "shadow", mirroring.place());
        }
        arms
    }
}
