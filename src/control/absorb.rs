//! How routes of the configuration file become routes of the process.
//!
//! A definition is taken in once: when it is new, and again when the file changes it. Between those, what the admin API
//! did to the route stands, its deletion included.

use std::collections::BTreeMap;

use super::RouteState;
use crate::routing::RouteSpec;

pub(super) type Routes = BTreeMap<String, RouteState>;
pub(super) type Absorbed = BTreeMap<String, RouteSpec>;

/// Takes in what is new in `configured`; true when anything was.
pub(super) fn absorb(routes: &mut Routes, absorbed: &mut Absorbed, configured: &Absorbed) -> bool {
    let mut changed = false;
    for (alias, spec) in configured {
        if absorbed.get(alias) == Some(spec) {
            continue;
        }
        let next = match routes.get(alias) {
            Some(current) if current.spec == *spec => None,
            Some(current) => Some(current.replaced(spec.clone(), alias)),
            None => Some(RouteState::created(spec.clone())),
        };
        if let Some(next) = next {
            routes.insert(alias.clone(), next);
        }
        absorbed.insert(alias.clone(), spec.clone());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::spec;

    fn configured(weight: f64) -> Absorbed {
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
        assert!(absorb(&mut routes, &mut absorbed, &Absorbed::new()));
        assert!(routes.is_empty() && absorbed.is_empty());
    }
}
