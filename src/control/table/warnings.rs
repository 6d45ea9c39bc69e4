//! What an operator should know about a route that is served nevertheless.

use crate::config::nearest;
use crate::control::documents::RouteDocument;
use crate::qdrant::Listing;
use crate::routing::VariantSpec;

/// Judged by the last listing, which is of the default upstream: collections elsewhere are taken on trust.
pub(in crate::control) fn of_route(alias: &str, route: &RouteDocument, listing: &Listing) -> Vec<String> {
    let target = listing.aliases.get(alias);
    let mut warnings = Vec::new();
    if target.is_none() {
        warnings.push(if listing.collections.contains(alias) {
            format!("`{alias}` is a collection, not an alias: it cannot be switched to another collection")
        } else {
            format!("Qdrant has no alias `{alias}`; the route applies as soon as there is one")
        });
    }
    let here = route.spec.variants.iter().filter(|variant| variant.upstream.is_none());
    warnings.extend(here.filter_map(|variant| of_variant(variant, target.map_or(alias, String::as_str), listing)));
    warnings
}

fn of_variant(variant: &VariantSpec, stable: &str, listing: &Listing) -> Option<String> {
    let (name, collection) = (&variant.name, variant.collection.as_ref()?);
    if !listing.collections.contains(collection) && !listing.aliases.contains_key(collection) {
        let meant = nearest(collection, listing.collections.iter().map(String::as_str));
        let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        return Some(format!("the collection `{collection}` of variant `{name}` does not exist{meant}; `stable` answers its reads"));
    }
    (collection == stable).then(|| format!("variant `{name}` and `stable` are both answered by the collection `{collection}`"))
}
