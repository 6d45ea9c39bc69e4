//! One route as it stands: what was asked for, and which slots that gave to whom.

use serde::{Deserialize, Serialize};

use crate::routing::{Allocation, RouteSpec};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteState {
    pub spec: RouteSpec,
    pub allocation: Allocation,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub revision: u64,
}

impl RouteState {
    /// A new one. It has its revision when it has been stored.
    #[must_use]
    pub fn created(spec: RouteSpec) -> Self {
        let allocation = Allocation::fresh(&spec.weights(), spec.stable());
        Self { spec, allocation, revision: 0 }
    }

    /// The route under a new definition. Nobody flips who need not (I2): variants keep their units by name, also when
    /// they change places, and only a new salt deals anew.
    #[must_use]
    pub fn replaced(&self, spec: RouteSpec, alias: &str) -> Self {
        if spec.salt_for(alias) != self.spec.salt_for(alias) {
            return Self::created(spec);
        }
        let (weights, stable) = (spec.weights(), spec.stable());
        let old = &self.spec.variants;
        let new_place = |place: usize| {
            let name = &old.get(place)?.name;
            spec.variants.iter().position(|variant| variant.name == *name)
        };
        let allocation = self.allocation.renumbered(new_place, stable).reweighted(&weights, stable);
        Self { spec, allocation, revision: 0 }
    }

    /// A variant's part of all slots, in percent.
    #[must_use]
    pub fn share_percent(&self, variant: usize) -> f64 {
        f64::from(self.allocation.size(variant)) * 100.0 / f64::from(crate::routing::SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::spec;
    use crate::routing::{SLOTS, Salt};

    fn owner_names(route: &RouteState) -> Vec<String> {
        (0..SLOTS).step_by(997).map(|slot| route.spec.variants[route.allocation.owner(slot)].name.clone()).collect()
    }

    #[test]
    fn a_ramp_moves_units_in_one_direction_only() {
        let before = RouteState::created(spec(&[("stable", 95.0), ("candidate", 5.0)]));
        let after = before.replaced(spec(&[("stable", 75.0), ("candidate", 25.0)]), "docs");
        assert_eq!(after.allocation.size(1), SLOTS / 4);
        for (was, is) in owner_names(&before).iter().zip(owner_names(&after)) {
            assert!(*was != "candidate" || is == "candidate", "a unit left the growing variant");
        }
    }

    #[test]
    fn variants_that_change_places_keep_their_units() {
        let before = RouteState::created(spec(&[("stable", 60.0), ("a", 30.0), ("b", 10.0)]));
        let after = before.replaced(spec(&[("b", 10.0), ("stable", 60.0), ("a", 30.0)]), "docs");
        assert_eq!(owner_names(&before), owner_names(&after));
    }

    #[test]
    fn a_variant_that_leaves_moves_only_its_own_units() {
        let before = RouteState::created(spec(&[("stable", 60.0), ("a", 30.0), ("b", 10.0)]));
        let after = before.replaced(spec(&[("stable", 90.0), ("b", 10.0)]), "docs");
        for (was, is) in owner_names(&before).iter().zip(owner_names(&after)) {
            assert!(*was == is || (was == "a" && is == "stable"), "a unit went from {was} to {is}");
        }
    }

    #[test]
    fn a_new_salt_starts_afresh() {
        let before = RouteState::created(spec(&[("stable", 5.0), ("candidate", 95.0)]));
        let mut next = spec(&[("stable", 95.0), ("candidate", 5.0)]);
        next.salt = Some("second".to_owned());
        let after = before.replaced(next.clone(), "docs");
        assert_eq!(after.allocation, RouteState::created(next).allocation);
        assert_eq!(after.spec.salt_for("docs"), Salt::new("second"));
    }

    #[test]
    fn naming_the_default_salt_is_not_a_new_salt() {
        let before = RouteState::created(spec(&[("stable", 50.0), ("candidate", 50.0)]));
        let shrunk = before.replaced(spec(&[("stable", 90.0), ("candidate", 10.0)]), "docs");
        let mut named = spec(&[("stable", 90.0), ("candidate", 10.0)]);
        named.salt = Some("route:docs".to_owned());
        assert_eq!(shrunk.replaced(named, "docs").allocation, shrunk.allocation);
    }
}
