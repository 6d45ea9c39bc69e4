//! Aliases and collections as they are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::arms::by_alias;
use super::{Aliases, Arm};
use crate::control::engine::{ControlError, State, known_alias};
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout::loss::Tally;

/// An alias as it was last listed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Alias")]
pub struct AliasView {
    pub alias: String,
    pub collection: String,
    /// Whether it has a route; without one it is transparent.
    pub routed: bool,
    /// The collections that canaries, experiments and shadow comparisons ask beside the one it points at.
    pub arms: Vec<Arm>,
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
    /// The canaries, experiments and shadow comparisons that ask it.
    pub arms: Vec<Arm>,
}

impl Aliases {
    /// All aliases of the last listing, by name.
    #[must_use]
    pub fn list(&self) -> Vec<AliasView> {
        let state = self.engine.state();
        let mut arms = by_alias(&state);
        let view = |(alias, collection): (&String, &String)| AliasView {
            alias: alias.clone(),
            collection: collection.clone(),
            routed: state.documents.routes.contains_key(alias),
            arms: arms.remove(alias).unwrap_or_default(),
        };
        state.listing.aliases.iter().map(view).collect()
    }

    /// # Errors
    /// When the last listing had no such alias.
    pub fn show(&self, alias: &str) -> Result<AliasView, ControlError> {
        let state = self.engine.state();
        let collection = known_alias(&state.listing, alias)?.to_owned();
        let arms = by_alias(&state).remove(alias).unwrap_or_default();
        Ok(AliasView { alias: alias.to_owned(), collection, routed: state.documents.routes.contains_key(alias), arms })
    }

    /// All collections that were listed or have requests in them, in the order of their [`CollectionView::cursor`].
    #[must_use]
    pub fn collections(&self) -> Vec<CollectionView> {
        let state = self.engine.state();
        let here = state.plan.upstreams[DEFAULT_UPSTREAM].name.to_string();
        let listed = state.listing.collections.iter().map(|name| ((here.clone(), name.clone()), 0));
        let mut known: BTreeMap<(String, String), u64> = listed.collect();
        for usage in self.engine.registry().usage() {
            known.insert((usage.upstream.to_string(), usage.collection.to_string()), usage.in_flight());
        }
        let mut aliases = aliases_by_collection(&state, &here);
        let mut routes = routes_by_collection(&state, &here);
        let arms: Vec<Arm> = by_alias(&state).into_values().flatten().collect();
        let counted = self.losses.counted_lately();
        let view = |(at, in_flight): ((String, String), u64)| CollectionView {
            listed: at.0 == here && state.listing.collections.contains(&at.1),
            aliases: aliases.remove(&at).unwrap_or_default(),
            routes: routes.remove(&at).unwrap_or_default(),
            arms: arms.iter().filter(|arm| (&arm.upstream, &arm.collection) == (&at.0, &at.1)).cloned().collect(),
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
    for (alias, route) in state.documents.routes.iter() {
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
