//! Aliases, collections and routes as they are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::RouteState;
use super::error::ControlError;
use super::names::known_alias;
use super::state::{Control, State};
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout::loss::Tally;
use crate::routing::{Interval, RouteSpec};

/// An alias as it was last listed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Alias")]
pub struct AliasView {
    pub alias: String,
    pub collection: String,
    /// Whether it has a route; without one it is transparent.
    pub routed: bool,
}

/// A collection and who uses it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Collection")]
pub struct CollectionView {
    pub upstream: String,
    pub collection: String,
    /// Whether the last listing had it; other upstreams than the default one are not listed.
    pub listed: bool,
    /// Requests inside it now, by alias or by collection name.
    pub in_flight: u64,
    /// Writes that all replicas have forwarded to it, by alias or by collection name, since Pointsman counts them.
    pub writes: Tally,
    pub aliases: Vec<String>,
    /// Routes with a variant that it answers.
    pub routes: Vec<String>,
}

/// A route in the form it is written in, with what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Route")]
pub struct RouteView {
    pub alias: String,
    pub revision: u64,
    /// With the salt and what is split spelt out.
    #[serde(flatten)]
    pub spec: RouteSpec,
    /// Of the units, by variant.
    pub share_percent: BTreeMap<String, f64>,
    /// Which slots belong to which variant, counted from 0 in the order above.
    pub allocation: Vec<Interval>,
    pub warnings: Vec<String>,
}

impl Control {
    /// All aliases of the last listing, by name.
    #[must_use]
    pub fn aliases(&self) -> Vec<AliasView> {
        let state = self.0.state.load();
        let view = |(alias, collection): (&String, &String)| AliasView {
            alias: alias.clone(),
            collection: collection.clone(),
            routed: state.held.routes.contains_key(alias),
        };
        state.listing.aliases.iter().map(view).collect()
    }

    /// # Errors
    /// When the last listing had no such alias.
    pub fn alias(&self, alias: &str) -> Result<AliasView, ControlError> {
        let state = self.0.state.load();
        let collection = known_alias(&state.listing, alias)?.to_owned();
        Ok(AliasView { alias: alias.to_owned(), collection, routed: state.held.routes.contains_key(alias) })
    }

    /// All routes, by alias.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteView> {
        let state = self.0.state.load();
        state.held.routes.iter().map(|(alias, route)| view(&state, alias, route)).collect()
    }

    /// # Errors
    /// When there is no such route.
    pub fn route(&self, alias: &str) -> Result<RouteView, ControlError> {
        let state = self.0.state.load();
        let route = state.held.routes.get(alias).ok_or_else(|| ControlError::NoRoute(alias.to_owned()))?;
        Ok(view(&state, alias, route))
    }

    /// All collections that were listed or have requests in them, in the order of their [`CollectionView::cursor`].
    #[must_use]
    pub fn collections(&self) -> Vec<CollectionView> {
        let state = self.0.state.load();
        let here = state.plan.upstreams[DEFAULT_UPSTREAM].name.to_string();
        let listed = state.listing.collections.iter().map(|name| ((here.clone(), name.clone()), 0));
        let mut known: BTreeMap<(String, String), u64> = listed.collect();
        for usage in self.registry().usage() {
            known.insert((usage.upstream.to_string(), usage.collection.to_string()), usage.in_flight());
        }
        let mut aliases = aliases_by_collection(&state, &here);
        let mut routes = routes_by_collection(&state, &here);
        let counted = self.counted_lately();
        let view = |(at, in_flight): ((String, String), u64)| CollectionView {
            listed: at.0 == here && state.listing.collections.contains(&at.1),
            aliases: aliases.remove(&at).unwrap_or_default(),
            routes: routes.remove(&at).unwrap_or_default(),
            writes: counted.tally(&at.0, &at.1),
            upstream: at.0,
            collection: at.1,
            in_flight,
        };
        let mut views: Vec<_> = known.into_iter().map(view).collect();
        views.sort_by_cached_key(CollectionView::cursor);
        views
    }
}

impl CollectionView {
    /// What pages are counted by. Names hold no slash.
    #[must_use]
    pub fn cursor(&self) -> String {
        format!("{}/{}", self.upstream, self.collection)
    }
}

/// Names by the upstream and the collection they lead to.
type Referrers = BTreeMap<(String, String), Vec<String>>;

fn aliases_by_collection(state: &State, here: &str) -> Referrers {
    let mut found = Referrers::new();
    for (alias, collection) in &state.listing.aliases {
        found.entry((here.to_owned(), collection.clone())).or_default().push(alias.clone());
    }
    found
}

fn routes_by_collection(state: &State, here: &str) -> Referrers {
    let mut found = Referrers::new();
    for (alias, route) in state.held.routes.iter() {
        for variant in &route.spec.variants {
            let Some(collection) = &variant.collection else { continue };
            let at = (variant.upstream.as_deref().unwrap_or(here).to_owned(), collection.clone());
            let routes = found.entry(at).or_default();
            // Two variants of one route may share a collection.
            if routes.last() != Some(alias) {
                routes.push(alias.clone());
            }
        }
    }
    found
}

fn view(state: &State, alias: &str, route: &RouteState) -> RouteView {
    let policy = state.plan.policy.with(route.spec.anonymous, route.spec.split);
    let shares = route.spec.variants.iter().enumerate().map(|(place, variant)| (variant.name.clone(), route.share_percent(place)));
    RouteView {
        alias: alias.to_owned(),
        revision: route.revision,
        spec: RouteSpec {
            salt: Some(route.spec.salt_for(alias).as_str().to_owned()),
            anonymous: Some(policy.anonymous),
            split: Some(policy.reads),
            ..route.spec.clone()
        },
        share_percent: shares.collect(),
        allocation: route.allocation.intervals().to_vec(),
        warnings: state.warnings(alias, route),
    }
}
