//! Who goes where, for the table.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderValue;

use super::Trial;
use super::interleaving::interleaving;
use super::pages::Page;
use super::seen::{NO_THRESHOLD, key_of_pairs};
use super::trial::ulid;
use crate::experiment::{ArmSpec, Experiment, Phase, State, Token, TokenKey, layer_salt, salt, statistics_salt};
use crate::metrics::{COHORT_BUCKETS, Handles, Registry};
use crate::routing::{Holdout, Layer, Part, Route, SLOTS, STABLE, Split, SplitPolicy, Target, Targeting, Watch};

/// What the table has to know of its other entries.
pub(in crate::control) struct Surroundings<'a> {
    pub(in crate::control) registry: &'a Registry,
    pub(in crate::control) key: Option<&'a TokenKey>,
    /// For experiments that the version before stored.
    pub(in crate::control) policy_before: SplitPolicy,
    pub(in crate::control) holdout: &'a Holdout,
    /// What answers those who are in no experiment.
    pub(in crate::control) outside: &'a Arc<Target<Handles>>,
}

/// One experiment that has all of the alias is a route of its own; all others share it.
pub(in crate::control) fn experiment_split(
    alias: &str,
    trials: &[&Trial],
    around: &Surroundings<'_>,
    stable: &impl Fn(&str, &str) -> Target<Handles>,
    target: &impl Fn(&ArmSpec, &str) -> Option<Target<Handles>>,
) -> Option<Split<Handles>> {
    let part = |trial: &&Trial| Some(Part { slots: trial.layer().slots(), route: experiment_route(trial, around, stable, target)? });
    let mut parts: Vec<Part<Handles>> = trials.iter().filter_map(part).collect();
    match parts.as_slice() {
        [] => None,
        [only] if only.slots == (0..SLOTS) => parts.pop().map(|only| Split::Route(only.route)),
        _ => Some(Split::Layer(Layer::new(layer_salt(alias), Arc::clone(around.outside), parts))),
    }
}

/// Stable for those outside, then the arms. `target` makes what leads to an arm's collection, counted under the second name: none
/// for stable, and where this replica's configuration lacks the arm's upstream, so that its units stay on stable here until it has one.
fn experiment_route(
    trial: &Trial,
    around: &Surroundings<'_>,
    stable: &impl Fn(&str, &str) -> Target<Handles>,
    target: &impl Fn(&ArmSpec, &str) -> Option<Target<Handles>>,
) -> Option<Route<Handles>> {
    let experiment = &trial.experiment;
    let phase = experiment.phase().filter(|_| experiment.state().is_counting())?;
    let page = Page { phase: phase.number, slice: experiment.slices().present()?.number };
    let split = experiment.state() == State::Running;
    let arm = |(index, arm): (usize, &ArmSpec)| {
        let series = series(trial, arm);
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
fn series<'a>(trial: &'a Trial, arm: &'a ArmSpec) -> Cow<'a, str> {
    if trial.layer().slots() == (0..SLOTS) {
        return (&*arm.name).into();
    }
    format!("{}/{}", trial.experiment.spec().name, arm.name).into()
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
