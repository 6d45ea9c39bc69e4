//! The routing table, built from what was listed and what was asked for. Pure: the same input gives the same table.

mod canary;
mod cohorts;
mod experiment;
mod guards;
mod interleaving;
mod shadow;
mod warnings;

use std::sync::Arc;

use super::documents::{Documents, RouteDocument};
use super::plan::Plan;
use crate::live::{Capture, DEFAULT_UPSTREAM};
use crate::metrics::{Handles, Registry};
use crate::qdrant::Listing;
use crate::routing::{Entry, NameKind, Route, STABLE, Split, Table, Target, Targeting, VariantSpec};

pub(in crate::control) use cohorts::{Watched, summary, watched};
pub(in crate::control) use experiment::NO_THRESHOLD;
pub(in crate::control) use warnings::of_route as warnings_of_route;

/// What a table is made of.
pub(in crate::control) struct TableInputs<'a> {
    pub(in crate::control) plan: &'a Plan,
    pub(in crate::control) listing: &'a Listing,
    pub(in crate::control) documents: &'a Documents,
    /// What is being recorded in this process alone.
    pub(in crate::control) captures: &'a [Arc<Capture>],
    pub(in crate::control) registry: &'a Registry,
}

/// Every alias and every collection. A collection that shares its name with an alias cannot be reached by it, in Qdrant
/// as here. Names that were not listed are not in the table, with a route or without: the route waits for its name.
pub(in crate::control) fn build(inputs: &TableInputs<'_>, revision: u64) -> Table<Handles> {
    let aliases = inputs.listing.aliases.iter().map(|(alias, collection)| (alias, collection, NameKind::Alias));
    let plain = inputs.listing.collections.iter().filter(|name| !inputs.listing.aliases.contains_key(*name));
    let collections = plain.map(|name| (name, name, NameKind::Collection));
    let mut names: Vec<_> = aliases.chain(collections).collect();
    // Metric labels are given out in this order while they last; names with a route come first.
    names.sort_by_key(|(name, ..)| !inputs.documents.routes.contains_key(*name));
    let entries = names.into_iter().map(|(name, collection, kind)| (name.as_str().into(), inputs.entry(name, collection, kind)));
    Table::new(revision, entries, inputs.unknown()).guarded(inputs.guards())
}

impl TableInputs<'_> {
    fn entry(&self, name: &str, collection: &str, kind: NameKind) -> Entry<Handles> {
        let (canary, experiments) = (self.canary(name), self.experiments(name));
        let route = self.documents.routes.get(name);
        // Collections are too many to be labels; one that has a route is watched like an alias.
        let label = (kind == NameKind::Alias || route.is_some() || canary.is_some() || !experiments.is_empty()).then_some(name);
        let stable = Arc::new(self.target(label, STABLE, DEFAULT_UPSTREAM, Some(collection)));
        // The kill switch comes before everything.
        let split = match (canary, route) {
            _ if self.documents.kill_switch().on => None,
            _ if !experiments.is_empty() => self.experiment_split(name, &stable, &experiments),
            (Some(document), _) => self.canary_route(name, collection, document).map(Split::Route),
            (None, route) => route.map(|route| Split::Route(self.route(name, route, &stable))),
        };
        let shadow = if self.documents.kill_switch().on { None } else { self.shadow(name) };
        Entry { kind, stable, split, shadow, captures: self.recording(name) }
    }

    /// The captures that record what is asked of `name`; none where the configuration or the kill switch has taken that back.
    fn recording(&self, name: &str) -> Box<[usize]> {
        let allowed = self.plan.captures && !self.documents.kill_switch().on;
        let captures = self.captures.iter().enumerate().filter(|(_, capture)| allowed && *capture.alias == *name);
        captures.map(|(index, _)| index).collect()
    }

    fn route(&self, name: &str, route: &RouteDocument, stable: &Arc<Target<Handles>>) -> Route<Handles> {
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
