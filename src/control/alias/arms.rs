//! The collections that a rollout, an experiment or a shadow comparison sends an alias's traffic to, for lists of aliases and
//! collections.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::documents::Noun;
use crate::control::engine::State;
use crate::live::DEFAULT_UPSTREAM;

/// One collection that is asked beside the one the alias points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Arm {
    pub kind: Noun,
    /// Of the canary, the experiment or the shadow comparison.
    pub id: String,
    pub alias: String,
    /// `canary`, `shadow`, or the name of the experiment's arm.
    pub arm: String,
    pub upstream: String,
    pub collection: String,
}

/// All of them, by alias. An arm without a collection is served by what the alias points at, and not among them.
pub(in crate::control) fn by_alias(state: &State) -> BTreeMap<String, Vec<Arm>> {
    let here = &*state.plan.upstreams[DEFAULT_UPSTREAM].name;
    let mut arms: BTreeMap<String, Vec<Arm>> = BTreeMap::new();
    for resource in state.documents.all() {
        let Some(alias) = resource.split_alias() else { continue };
        let arm = |(arm, (upstream, collection)): (&str, (Option<&str>, &str))| Arm {
            kind: resource.noun(),
            id: resource.id().to_owned(),
            alias: alias.to_owned(),
            arm: arm.to_owned(),
            upstream: upstream.unwrap_or(here).to_owned(),
            collection: collection.to_owned(),
        };
        arms.entry(alias.to_owned()).or_default().extend(resource.arms().into_iter().map(arm));
    }
    arms.retain(|_, arms| !arms.is_empty());
    arms
}
