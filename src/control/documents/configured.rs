//! How routes of the configuration file become routes of the process.
//!
//! A definition is taken in once: when it is new, and again when the file changes it. Between those, what the admin API
//! did to the route stands, its deletion included.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Documents, RouteDocument, Stored, any_revision, remove};
use crate::routing::RouteSpec;
use crate::store::{Expected, Kind, Write};

pub(in crate::control) type Routes = BTreeMap<String, RouteDocument>;
pub(in crate::control) type Absorbed = BTreeMap<String, ConfiguredRoute>;

/// The definition of a route that was taken over from the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::control) struct ConfiguredRoute(RouteSpec);

impl Stored for ConfiguredRoute {
    const KIND: Kind = Kind::new("configured_route");

    fn stored_at(self, _: &str, _: u64) -> Self {
        self
    }
}

/// Takes in what is new in `configured`; true when anything was.
pub(in crate::control) fn absorb(routes: &mut Routes, absorbed: &mut Absorbed, configured: &BTreeMap<String, RouteSpec>) -> bool {
    let mut changed = false;
    for (alias, spec) in configured {
        if absorbed.get(alias).is_some_and(|known| known.0 == *spec) {
            continue;
        }
        let next = match routes.get(alias) {
            Some(current) if current.spec == *spec => None,
            Some(current) => Some(current.replaced(spec.clone(), alias)),
            None => Some(RouteDocument::created(spec.clone())),
        };
        if let Some(next) = next {
            routes.insert(alias.clone(), next);
        }
        absorbed.insert(alias.clone(), ConfiguredRoute(spec.clone()));
        changed = true;
    }
    let gone: Vec<String> = absorbed.keys().filter(|alias| !configured.contains_key(*alias)).cloned().collect();
    for alias in gone {
        absorbed.remove(&alias);
        routes.remove(&alias);
        changed = true;
    }
    changed
}

/// What has to be written for the routes and definitions that are held to become these; empty when nothing differs.
pub(in crate::control) fn writes_between(held: &Documents, routes: &Routes, absorbed: &Absorbed) -> Vec<Write> {
    let of_route = |alias| RouteDocument::change(alias, held.routes.get(alias), routes.get(alias));
    let of_definition = |alias: &str| {
        let next = absorbed.get(alias);
        let write = || next.map_or_else(|| remove::<ConfiguredRoute>(alias, Expected::Any), |next| any_revision(alias, next));
        (held.configured.get(alias) != next).then(write)
    };
    let of_routes = names(&held.routes, routes).into_iter().filter_map(of_route);
    of_routes.chain(names(&held.configured, absorbed).into_iter().filter_map(of_definition)).collect()
}

fn names<'a, T>(one: &'a BTreeMap<String, T>, other: &'a BTreeMap<String, T>) -> BTreeSet<&'a str> {
    one.keys().chain(other.keys()).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::spec;

    fn configured(weight: f64) -> BTreeMap<String, RouteSpec> {
        BTreeMap::from([("docs".to_owned(), spec(&[("stable", 100.0 - weight), ("candidate", weight)]))])
    }

    #[test]
    fn a_definition_is_taken_in_once() {
        let (mut routes, mut absorbed) = (Routes::new(), Absorbed::new());
        assert!(absorb(&mut routes, &mut absorbed, &configured(5.0)));
        assert!(!absorb(&mut routes, &mut absorbed, &configured(5.0)));
    }

    #[test]
    fn what_an_operator_did_stands_until_the_file_changes() {
        let (mut routes, mut absorbed) = (Routes::new(), Absorbed::new());
        absorb(&mut routes, &mut absorbed, &configured(5.0));
        routes.remove("docs");
        assert!(!absorb(&mut routes, &mut absorbed, &configured(5.0)));
        assert!(routes.is_empty(), "a deleted route came back although the file did not change");
        assert!(absorb(&mut routes, &mut absorbed, &configured(6.0)));
        assert!(routes.contains_key("docs"));
    }

    #[test]
    fn a_changed_weight_keeps_the_units() {
        let (mut routes, mut absorbed) = (Routes::new(), Absorbed::new());
        absorb(&mut routes, &mut absorbed, &configured(5.0));
        let before = routes["docs"].clone();
        absorb(&mut routes, &mut absorbed, &configured(25.0));
        let after = &routes["docs"];
        assert_eq!(after.allocation, before.allocation.reweighted(&[75.0, 25.0], 0));
    }

    #[test]
    fn a_route_that_leaves_the_file_goes() {
        let (mut routes, mut absorbed) = (Routes::new(), Absorbed::new());
        absorb(&mut routes, &mut absorbed, &configured(5.0));
        assert!(absorb(&mut routes, &mut absorbed, &BTreeMap::new()));
        assert!(routes.is_empty() && absorbed.is_empty());
    }
}
