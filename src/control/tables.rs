//! The routing table, built from what was listed and what was asked for. Pure: the same input gives the same table.

use std::sync::Arc;

use super::Plan;
use super::absorb::Routes;
use super::route::RouteState;
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::{Handles, Registry};
use crate::qdrant::Listing;
use crate::routing::{Entry, Guards, NameKind, Route, STABLE, Table, Target, VariantSpec};

/// What a table is made of.
pub(super) struct Ground<'a> {
    pub(super) plan: &'a Plan,
    pub(super) listing: &'a Listing,
    pub(super) routes: &'a Routes,
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
    names.sort_by_key(|(name, ..)| !ground.routes.contains_key(*name));
    let entries = names.into_iter().map(|(name, collection, kind)| (name.as_str().into(), ground.entry(name, collection, kind)));
    Table::new(revision, entries, ground.unknown()).guarded(ground.guards())
}

impl Ground<'_> {
    fn entry(&self, name: &str, collection: &str, kind: NameKind) -> Entry<Handles> {
        let route = self.routes.get(name);
        // Collections are too many to be labels; one that has a route is watched like an alias.
        let label = (kind == NameKind::Alias || route.is_some()).then_some(name);
        let stable = Arc::new(self.target(label, STABLE, DEFAULT_UPSTREAM, Some(collection)));
        let route = route.map(|route| self.route(name, route, &stable));
        Entry { kind, stable, route }
    }

    fn route(&self, name: &str, route: &RouteState, stable: &Arc<Target<Handles>>) -> Route<Handles> {
        let variant = |variant: &VariantSpec| self.variant(name, variant).map_or_else(|| Arc::clone(stable), Arc::new);
        Route {
            salt: route.spec.salt_for(name),
            allocation: route.allocation.clone(),
            variants: route.spec.variants.iter().map(variant).collect(),
            stable: route.spec.stable(),
            anonymous: route.spec.anonymous.unwrap_or(self.plan.settings.identity.anonymous),
            watch: None,
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
        for (name, route) in self.routes {
            let owner = format!("the route of `{name}`");
            let variants = route.spec.variants.iter();
            let here = variants.filter(|variant| self.plan.upstream(variant.upstream.as_deref()) == Some(DEFAULT_UPSTREAM));
            here.filter_map(|variant| variant.collection.as_deref()).for_each(|collection| guards.guard_collection(collection, &owner));
            // A route may stand on a collection's own name.
            let stable = self.listing.aliases.get(name).or_else(|| self.listing.collections.get(name));
            stable.into_iter().for_each(|collection| guards.guard_collection(collection, &owner));
        }
        guards
    }

    fn unknown(&self) -> Entry<Handles> {
        let stable = Arc::new(self.target(None, STABLE, DEFAULT_UPSTREAM, None));
        Entry { kind: NameKind::Unknown, stable, route: None }
    }

    fn target(&self, label: Option<&str>, variant: &str, upstream: usize, collection: Option<&str>) -> Target<Handles> {
        Target {
            variant: variant.into(),
            upstream,
            collection: collection.unwrap_or_default().into(),
            rename: None,
            handle: self.registry.handles(label, variant, &self.plan.upstreams[upstream].name, collection),
        }
    }
}
