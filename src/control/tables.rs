//! The routing table, built from what was listed and what was asked for. Pure: the same input gives the same table.

use std::sync::Arc;

use super::Plan;
use super::canary::{Running, Watched, watched};
use super::experiment::{Surroundings, Trial, experiment_split};
use super::holdings::Holdings;
use super::owners::Owners;
use super::route::RouteState;
use super::shadow::{SHADOW, entry_shadow};
use super::token_keys::TokenKeys;
use crate::experiment::ArmSpec;
use crate::live::{Capture, DEFAULT_UPSTREAM};
use crate::metrics::{Handles, Registry};
use crate::qdrant::Listing;
use crate::rollout::{self, Cohorts, Share, State};
use crate::routing::{
    Allocation, Entry, Guards, NameKind, Route, STABLE, Salt, Shadow, Split, Table, Target, Targeting, VariantSpec, Watch,
};

/// The variant of a canary, in headers and metrics.
const CANARY: &str = "canary";

/// What a table is made of.
pub(super) struct Ground<'a> {
    pub(super) plan: &'a Plan,
    pub(super) listing: &'a Listing,
    pub(super) held: &'a Holdings,
    /// What is being recorded in this process alone.
    pub(super) captures: &'a [Arc<Capture>],
    pub(super) registry: &'a Registry,
}

/// Every alias and every collection. A collection that shares its name with an alias cannot be reached by it, in Qdrant
/// as here. Names nobody listed are not in the table, with a route or without: the route waits for its name.
pub(super) fn build(ground: &Ground<'_>, revision: u64) -> Table<Handles> {
    let aliases = ground.listing.aliases.iter().map(|(alias, collection)| (alias, collection, NameKind::Alias));
    let plain = ground.listing.collections.iter().filter(|name| !ground.listing.aliases.contains_key(*name));
    let collections = plain.map(|name| (name, name, NameKind::Collection));
    let mut names: Vec<_> = aliases.chain(collections).collect();
    // Metric labels are given out in this order while they last; names with a route come first.
    names.sort_by_key(|(name, ..)| !ground.held.routes.contains_key(*name));
    let entries = names.into_iter().map(|(name, collection, kind)| (name.as_str().into(), ground.entry(name, collection, kind)));
    Table::new(revision, entries, ground.unknown()).guarded(ground.guards())
}

impl Ground<'_> {
    fn entry(&self, name: &str, collection: &str, kind: NameKind) -> Entry<Handles> {
        let (canary, trials) = (self.canary(name), self.trials(name));
        let route = self.held.routes.get(name);
        // Collections are too many to be labels; one that has a route is watched like an alias.
        let label = (kind == NameKind::Alias || route.is_some() || canary.is_some() || !trials.is_empty()).then_some(name);
        let stable = Arc::new(self.target(label, STABLE, DEFAULT_UPSTREAM, Some(collection)));
        // The kill switch comes before everything.
        let split = match (canary, route) {
            _ if self.held.kill.on => None,
            _ if !trials.is_empty() => self.experiment_split(name, &stable, &trials),
            (Some(running), _) => self.canary_route(name, collection, running).map(Split::Route),
            (None, route) => route.map(|route| Split::Route(self.route(name, route, &stable))),
        };
        let shadow = if self.held.kill.on { None } else { self.shadow(name) };
        Entry { kind, stable, split, shadow, captures: self.recording(name) }
    }

    /// Who is asked the same and answers nobody. What is asked of it is no part of what is counted of the alias.
    fn shadow(&self, name: &str) -> Option<Arc<Shadow<Handles>>> {
        entry_shadow(name, self.held, self.registry, |upstream, collection| {
            let upstream = self.plan.upstream(upstream)?;
            Some(self.target(None, SHADOW, upstream, Some(collection)))
        })
    }

    /// Who records what is asked of `name`. What the configuration has taken back, or the kill switch, nobody does.
    fn recording(&self, name: &str) -> Box<[usize]> {
        let allowed = self.plan.captures && !self.held.kill.on;
        let captures = self.captures.iter().enumerate().filter(|(_, capture)| allowed && *capture.alias == *name);
        captures.map(|(index, _)| index).collect()
    }

    fn route(&self, name: &str, route: &RouteState, stable: &Arc<Target<Handles>>) -> Route<Handles> {
        let variant = |variant: &VariantSpec| self.variant(name, variant).map_or_else(|| Arc::clone(stable), Arc::new);
        Route {
            salt: route.spec.salt_for(name),
            allocation: route.allocation.clone(),
            variants: route.spec.variants.iter().map(variant).collect(),
            stable: route.spec.stable(),
            policy: self.plan.policy.with(route.spec.anonymous, route.spec.split),
            watch: None,
            interleaving: None,
            targeting: Targeting::default(),
            holdout: self.plan.settings.identity.holdout.clone(),
        }
    }

    /// None for stable, and for a variant on an upstream that this replica's configuration does not have, though another
    /// replica's has: stable serves its units here until the configurations agree.
    fn variant(&self, name: &str, variant: &VariantSpec) -> Option<Target<Handles>> {
        let upstream = self.plan.upstream(variant.upstream.as_deref()).filter(|_| !variant.is_stable())?;
        let target = self.target(Some(name), &variant.name, upstream, variant.collection.as_deref());
        Some(Target { rename: Some(target.collection.clone()), ..target })
    }

    /// What applications may not take away: the collections of variants, as far as they are where the data ports reach, and
    /// whatever a guarded alias points at.
    fn guards(&self) -> Guards {
        let mut guards = Guards::default();
        let reachable = |upstream: Option<&str>| self.plan.upstream(upstream) == Some(DEFAULT_UPSTREAM);
        for (name, route) in self.held.routes.iter() {
            let owner = format!("the route of `{name}`");
            let here = route.spec.variants.iter().filter(|variant| reachable(variant.upstream.as_deref()));
            here.filter_map(|variant| variant.collection.as_deref()).for_each(|collection| guards.guard_collection(collection, &owner));
            // A route may stand on a collection's own name.
            let stable = self.listing.aliases.get(name).or_else(|| self.listing.collections.get(name));
            stable.into_iter().for_each(|collection| guards.guard_collection(collection, &owner));
        }
        for running in self.held.canaries.values().filter(|running| running.is_live()) {
            let owner = running.name();
            guards.guard_alias(&running.canary.plan().spec().alias, &owner);
            let here = running.places().filter(|(upstream, _)| reachable(*upstream));
            here.for_each(|(_, collection)| guards.guard_collection(collection, &owner));
        }
        for deploying in self.held.deployments.values().filter(|deploying| deploying.is_live()) {
            let owner = deploying.name();
            guards.guard_alias(&deploying.deployment.spec().alias, &owner);
            deploying.places().for_each(|collection| guards.guard_collection(collection, &owner));
        }
        for trial in self.held.experiments.values().filter(|trial| trial.experiment.holds_alias()) {
            let owner = trial.name();
            trial.alias().into_iter().for_each(|alias| guards.guard_alias(alias, &owner));
            let here = trial.places().filter(|(upstream, _)| reachable(*upstream));
            here.for_each(|(_, collection)| guards.guard_collection(collection, &owner));
            let stable = trial.alias().and_then(|alias| self.listing.aliases.get(alias));
            stable.into_iter().for_each(|collection| guards.guard_collection(collection, &owner));
        }
        for mirroring in self.held.shadows.values().filter(|mirroring| mirroring.is_live()) {
            let (upstream, collection) = mirroring.place();
            if reachable(upstream) {
                guards.guard_collection(collection, &mirroring.name());
            }
        }
        guards
    }

    /// The experiments that have `name`, or share it.
    fn trials(&self, name: &str) -> Vec<&Trial> {
        let owners = self.held.owners.get(name).into_iter().flat_map(Owners::ids);
        owners.filter_map(|id| self.held.experiments.get(id)).filter(|trial| trial.alias() == Some(name)).collect()
    }

    fn experiment_split(&self, name: &str, outside: &Arc<Target<Handles>>, trials: &[&Trial]) -> Option<Split<Handles>> {
        let around = Surroundings {
            registry: self.registry,
            key: self.held.token_keys.as_ref().map(TokenKeys::signing),
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
        experiment_split(name, trials, &around, &stable, &target)
    }

    /// The canary that has `name`, if one is under way.
    fn canary(&self, name: &str) -> Option<&Running> {
        let running = self.held.owners.get(name)?.ids().find_map(|id| self.held.canaries.get(id))?;
        (running.canary.plan().spec().alias == name).then_some(running)
    }

    /// Canary from the low end, control from the high end, the rest between them; after the promotion everything is
    /// stable again, and watched.
    fn canary_route(&self, name: &str, collection: &str, running: &Running) -> Option<Route<Handles>> {
        let canary = &running.canary;
        let asked_again = canary.state() != State::Watching;
        let looked_at = running.guards().iter().any(|guard| guard.rule.asks_for_answers());
        let counted = |target: Target<Handles>, cohort| {
            let cohorts = watched(self.registry, running, cohort).into();
            let handle = Handles { cohorts, looked_at, asked_again, ..target.handle.clone() };
            Arc::new(Target { handle, ..target })
        };
        let stable = |cohort| counted(self.target(Some(name), STABLE, DEFAULT_UPSTREAM, Some(collection)), cohort);
        let (variants, allocation) = match canary.state() {
            State::Watching => (vec![stable(Watched::Canary)], Allocation::whole(0)),
            State::Stepping | State::Paused { .. } | State::Promoting if canary.share() > Share::ZERO => {
                let spec = canary.plan().spec();
                let upstream = self.plan.upstream(spec.upstream.as_deref())?;
                let target = self.target(Some(name), CANARY, upstream, Some(&spec.collection));
                let candidate = counted(Target { rename: Some(target.collection.clone()), ..target }, Watched::Canary);
                let Cohorts { canary, control } = canary.share().cohorts();
                (
                    vec![stable(Watched::Rest), candidate, stable(Watched::Control)],
                    Allocation::of_ends(0, (canary.end, 1), (control.start, 2)),
                )
            }
            _ => return None,
        };
        Some(Route {
            salt: rollout::salt(canary.id()),
            allocation,
            variants,
            stable: 0,
            policy: canary.plan().spec().policy(self.plan.policy_before),
            watch: Some(Watch {
                rollout: canary.id().into(),
                salt: Salt::new(&format!("stats:{}", canary.id())),
                anonymous: true,
                // Once the alias has moved, the new collection answers every read, and every failure is one of its own.
                kept: canary.state() == State::Watching,
            }),
            interleaving: None,
            targeting: Targeting::default(),
            holdout: self.plan.settings.identity.holdout.clone(),
        })
    }

    fn unknown(&self) -> Entry<Handles> {
        let stable = Arc::new(self.target(None, STABLE, DEFAULT_UPSTREAM, None));
        Entry { kind: NameKind::Unknown, stable, split: None, shadow: None, captures: Box::default() }
    }

    fn target(&self, label: Option<&str>, variant: &str, upstream: usize, collection: Option<&str>) -> Target<Handles> {
        self.counted_as(variant, label, variant, upstream, collection)
    }

    /// One whose series has a name of its own.
    fn counted_as(&self, series: &str, label: Option<&str>, variant: &str, upstream: usize, collection: Option<&str>) -> Target<Handles> {
        Target {
            variant: variant.into(),
            upstream,
            collection: collection.unwrap_or_default().into(),
            rename: None,
            handle: self.registry.handles(label, series, &self.plan.upstreams[upstream].name, collection),
        }
    }
}
