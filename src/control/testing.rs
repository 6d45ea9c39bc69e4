//! What the tests of this room share.

use crate::routing::{RouteSpec, STABLE, VariantSpec};

/// A route of these variants and weights; every one but `stable` is answered by the collection `<name>_v2`.
pub(crate) fn spec(variants: &[(&str, f64)]) -> RouteSpec {
    let variant = |(name, weight): &(&str, f64)| VariantSpec {
        name: (*name).to_owned(),
        weight: *weight,
        collection: (*name != STABLE).then(|| format!("{name}_v2")),
        upstream: None,
    };
    RouteSpec { variants: variants.iter().map(variant).collect(), salt: None, anonymous: None }
}
