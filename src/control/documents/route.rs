//! One route as it stands: what was asked for, and which slots that gave to whom.

use serde::{Deserialize, Serialize};

use super::{Documents, Observations, Place, Resource, Stored, remove, replace};
use crate::config::DEFAULT_UPSTREAM;
use crate::rollout::loss::Stake;
use crate::routing::{Allocation, RouteSpec};
use crate::store::{Expected, Kind, Write};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteDocument {
    pub spec: RouteSpec,
    pub allocation: Allocation,
    /// What it is the route of.
    #[serde(skip)]
    pub(super) alias: String,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub revision: u64,
}

impl RouteDocument {
    /// A new one. It has its revision when it has been stored.
    #[must_use]
    pub fn created(spec: RouteSpec) -> Self {
        let allocation = Allocation::fresh(&spec.weights(), spec.stable());
        Self { spec, allocation, alias: String::new(), revision: 0 }
    }

    /// The route under a new definition. No user flips without need (I2): variants keep their units by name, also when
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
        Self { spec, allocation, alias: self.alias.clone(), revision: 0 }
    }

    /// The write that makes the route of `alias` another; none when it is the same.
    pub(in crate::control) fn change(alias: &str, before: Option<&Self>, after: Option<&Self>) -> Option<Write> {
        let same = match (before, after) {
            (Some(before), Some(after)) => before.spec == after.spec && before.allocation == after.allocation,
            (before, after) => before.is_none() && after.is_none(),
        };
        let revision = before.map_or(0, |before| before.revision);
        let write = || match after {
            Some(after) => replace(alias, after, revision),
            None => remove::<Self>(alias, Expected::Revision(revision)),
        };
        (!same).then(write)
    }

    /// A variant's part of all slots, in percent.
    #[must_use]
    pub fn share_percent(&self, variant: usize) -> f64 {
        f64::from(self.allocation.size(variant)) * 100.0 / f64::from(crate::routing::SLOTS)
    }
}

impl Stored for RouteDocument {
    const KIND: Kind = Kind::new("route");

    fn stored_at(self, id: &str, revision: u64) -> Self {
        Self { alias: id.to_owned(), revision, ..self }
    }
}

impl Resource for RouteDocument {
    fn id(&self) -> &str {
        &self.alias
    }

    fn is_live(&self) -> bool {
        true
    }

    /// An alias may be moved under its route.
    fn held_alias(&self) -> Option<&str> {
        None
    }

    fn stands_on(&self) -> Option<&str> {
        Some(&self.alias)
    }

    fn places(&self, _: &Documents) -> Vec<Place<'_>> {
        let variants = self.spec.variants.iter();
        let place = variants.filter_map(|variant| Some((variant.upstream.as_deref(), variant.collection.as_deref()?)));
        place.map(|(upstream, collection)| (upstream.filter(|upstream| *upstream != DEFAULT_UPSTREAM), collection)).collect()
    }

    fn stake_of_move(&self, _: &str, _: &str, _: &str) -> Option<Stake> {
        None
    }

    fn observations(&self) -> Option<Observations> {
        None
    }

    fn name(&self) -> String {
        format!("the route of `{}`", self.alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::spec;
    use crate::routing::{SLOTS, Salt};

    fn owner_names(route: &RouteDocument) -> Vec<String> {
        (0..SLOTS).step_by(997).map(|slot| route.spec.variants[route.allocation.owner(slot)].name.clone()).collect()
    }

    #[test]
    fn a_ramp_moves_units_in_one_direction_only() {
        let before = RouteDocument::created(spec(&[("stable", 95.0), ("candidate", 5.0)]));
        let after = before.replaced(spec(&[("stable", 75.0), ("candidate", 25.0)]), "docs");
        assert_eq!(after.allocation.size(1), SLOTS / 4);
        for (was, is) in owner_names(&before).iter().zip(owner_names(&after)) {
            assert!(*was != "candidate" || is == "candidate", "a unit left the growing variant");
        }
    }

    #[test]
    fn variants_that_change_places_keep_their_units() {
        let before = RouteDocument::created(spec(&[("stable", 60.0), ("a", 30.0), ("b", 10.0)]));
        let after = before.replaced(spec(&[("b", 10.0), ("stable", 60.0), ("a", 30.0)]), "docs");
        assert_eq!(owner_names(&before), owner_names(&after));
    }

    #[test]
    fn a_variant_that_leaves_moves_only_its_own_units() {
        let before = RouteDocument::created(spec(&[("stable", 60.0), ("a", 30.0), ("b", 10.0)]));
        let after = before.replaced(spec(&[("stable", 90.0), ("b", 10.0)]), "docs");
        for (was, is) in owner_names(&before).iter().zip(owner_names(&after)) {
            assert!(*was == is || (was == "a" && is == "stable"), "a unit went from {was} to {is}");
        }
    }

    #[test]
    fn a_new_salt_starts_afresh() {
        let before = RouteDocument::created(spec(&[("stable", 5.0), ("candidate", 95.0)]));
        let mut next = spec(&[("stable", 95.0), ("candidate", 5.0)]);
        next.salt = Some("second".to_owned());
        let after = before.replaced(next.clone(), "docs");
        assert_eq!(after.allocation, RouteDocument::created(next).allocation);
        assert_eq!(after.spec.salt_for("docs"), Salt::new("second"));
    }

    #[test]
    fn naming_the_default_salt_is_not_a_new_salt() {
        let before = RouteDocument::created(spec(&[("stable", 50.0), ("candidate", 50.0)]));
        let shrunk = before.replaced(spec(&[("stable", 90.0), ("candidate", 10.0)]), "docs");
        let mut named = spec(&[("stable", 90.0), ("candidate", 10.0)]);
        named.salt = Some("route:docs".to_owned());
        assert_eq!(shrunk.replaced(named, "docs").allocation, shrunk.allocation);
    }
}
