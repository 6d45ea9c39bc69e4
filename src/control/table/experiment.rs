//! Who goes where, for the table.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderValue;

use super::TableInputs;
use super::interleaving::interleaving;
use crate::control::documents::{ExperimentDocument, Owners, Page, TokenKeys, key_of_pairs, ulid};
use crate::experiment::{ArmSpec, Experiment, Phase, State, Token, TokenKey, layer_salt, salt, statistics_salt};
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::{COHORT_BUCKETS, Handles, Latencies, Registry};
use crate::routing::{Holdout, Layer, Part, Route, SLOTS, STABLE, Split, SplitPolicy, Target, Targeting, Watch};

/// Experiments compare latencies with each other and with no threshold.
pub(in crate::control) const NO_THRESHOLD: Latencies = Latencies { limit_us: u64::MAX, reference_us: u64::MAX };

impl TableInputs<'_> {
    /// The experiments that have `name`, or share it.
    pub(super) fn experiments(&self, name: &str) -> Vec<&ExperimentDocument> {
        let owners = self.documents.owners.get(name).into_iter().flat_map(Owners::ids);
        owners.filter_map(|id| self.documents.experiments.get(id)).filter(|document| document.alias() == Some(name)).collect()
    }

    pub(super) fn experiment_split(
        &self,
        name: &str,
        outside: &Arc<Target<Handles>>,
        experiments: &[&ExperimentDocument],
    ) -> Option<Split<Handles>> {
        let around = Surroundings {
            registry: self.registry,
            key: self.documents.token_keys().map(TokenKeys::signing),
            policy_before: self.plan.policy_before,
            holdout: &self.plan.settings.identity.holdout,
            outside,
        };
        let collection = &*outside.collection;
        let stable = |variant: &str, series: &str| self.counted_as(series, Some(name), variant, DEFAULT_UPSTREAM, Some(collection));
        // A control that is what the alias points at is asked by the alias, so that it is the same as without an experiment.
        let target = |arm: &ArmSpec, series: &str| {
            let wanted = arm.collection.as_deref().filter(|wanted| *wanted != collection || arm.upstream.is_some())?;
            let upstream = self.plan.upstream(arm.upstream.as_deref())?;
            let target = self.counted_as(series, Some(name), &arm.name, upstream, Some(wanted));
            Some(Target { rename: Some(target.collection.clone()), ..target })
        };
        experiment_split(name, experiments, &around, &stable, &target)
    }
}

/// What the table has to know of its other entries.
struct Surroundings<'a> {
    registry: &'a Registry,
    key: Option<&'a TokenKey>,
    /// For experiments that the version before stored.
    policy_before: SplitPolicy,
    holdout: &'a Holdout,
    /// What answers those who are in no experiment.
    outside: &'a Arc<Target<Handles>>,
}

/// One experiment that has all of the alias is a route of its own; all others share it.
fn experiment_split(
    alias: &str,
    experiments: &[&ExperimentDocument],
    around: &Surroundings<'_>,
    stable: &impl Fn(&str, &str) -> Target<Handles>,
    target: &impl Fn(&ArmSpec, &str) -> Option<Target<Handles>>,
) -> Option<Split<Handles>> {
    let part = |document: &&ExperimentDocument| {
        Some(Part { slots: document.layer().slots(), route: experiment_route(document, around, stable, target)? })
    };
    let mut parts: Vec<Part<Handles>> = experiments.iter().filter_map(part).collect();
    match parts.as_slice() {
        [] => None,
        [only] if only.slots == (0..SLOTS) => parts.pop().map(|only| Split::Route(only.route)),
        _ => Some(Split::Layer(Layer::new(layer_salt(alias), Arc::clone(around.outside), parts))),
    }
}

/// Stable for those outside, then the arms. `target` makes what leads to an arm's collection, counted under the second name: none
/// for stable, and where this replica's configuration lacks the arm's upstream, so that its units stay on stable here until it has one.
fn experiment_route(
    document: &ExperimentDocument,
    around: &Surroundings<'_>,
    stable: &impl Fn(&str, &str) -> Target<Handles>,
    target: &impl Fn(&ArmSpec, &str) -> Option<Target<Handles>>,
) -> Option<Route<Handles>> {
    let experiment = &document.experiment;
    let phase = experiment.phase().filter(|_| experiment.state().is_counting())?;
    let page = Page { phase: phase.number, slice: experiment.slices().present()?.number };
    let split = experiment.state() == State::Running;
    let arm = |(index, arm): (usize, &ArmSpec)| {
        let series = series(document, arm);
        let made = if split { target(arm, &series) } else { None };
        let made = made.unwrap_or_else(|| stable(&arm.name, &series));
        let counted = page.key(experiment.id(), index);
        let handle = Handles {
            cohorts: [around.registry.cohort(&counted, NO_THRESHOLD)].into(),
            paired: experiment.spec().interleave.then(|| around.registry.cohort(&key_of_pairs(&counted), NO_THRESHOLD)),
            apart: Some(around.registry.apart(&counted)),
            tokens: around.key.filter(|_| split).map_or_else(Arc::default, |key| tokens(key, experiment, phase, index)),
            looked_at: true,
            asked_again: split,
            ..made.handle.clone()
        };
        Arc::new(Target { handle, ..made })
    };
    let arms = experiment.spec().arms.iter().enumerate().map(arm);
    let variants: Vec<_> = std::iter::once(Arc::new(stable(STABLE, STABLE))).chain(arms).collect();
    let interleaving = around.key.filter(|_| split).and_then(|key| interleaving(key, experiment, phase, &variants));
    Some(Route {
        salt: salt(experiment.id()),
        allocation: phase.allocation.clone(),
        variants,
        stable: 0,
        policy: experiment.spec().policy(around.policy_before),
        watch: Some(Watch { rollout: experiment.id().into(), salt: statistics_salt(experiment.id()), anonymous: false, kept: false }),
        interleaving,
        targeting: targeting(experiment),
        holdout: around.holdout.clone(),
    })
}

/// What an arm is called in metrics. Experiments that share an alias may well have arms of the same name.
fn series<'a>(document: &'a ExperimentDocument, arm: &'a ArmSpec) -> Cow<'a, str> {
    if document.layer().slots() == (0..SLOTS) {
        return (&*arm.name).into();
    }
    format!("{}/{}", document.experiment.spec().name, arm.name).into()
}

fn targeting(experiment: &Experiment) -> Targeting {
    let spec = experiment.spec();
    let allow = spec.targeting.allow.iter().filter_map(|(unit, arm)| Some((unit.as_str(), spec.arm(arm)? + 1)));
    let headers = spec.targeting.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Targeting::new(spec.targeting.deny.iter().map(String::as_str), allow, headers)
}

/// One for each statistics bucket, so that the data path has nothing to sign.
fn tokens(key: &TokenKey, experiment: &Experiment, phase: &Phase, arm: usize) -> Arc<[HeaderValue]> {
    let Some(ulid) = ulid(experiment.id()) else { return Arc::default() };
    let token = |bucket: usize| Token {
        experiment: ulid,
        phase: phase.number,
        arm: u8::try_from(arm).unwrap_or(u8::MAX),
        bucket: u8::try_from(bucket).unwrap_or(u8::MAX),
    };
    (0..COHORT_BUCKETS).filter_map(|bucket| HeaderValue::from_str(&key.seal(token(bucket))).ok()).collect()
}
