//! Several experiments on one name at once: each owns a part of the units, and splits that part by itself.
//!
//! A unit's place is its slot under the layer's own salt, independent of every experiment's, so which experiment a unit is
//! in says nothing of its arm there. Parts do not overlap: a unit is in one experiment at most.

use std::ops::Range;
use std::sync::Arc;

use super::{Decision, Reason, Route, SLOTS, Salt, SplitPolicy, Target, Targeting, Unit};
use crate::protocol::Read;

/// What one experiment owns, and how it splits it.
#[derive(Debug)]
pub struct Part<H> {
    /// Of the layer.
    pub slots: Range<u32>,
    pub route: Route<H>,
}

/// The parts of one name.
#[derive(Debug)]
pub struct Layer<H> {
    pub salt: Salt,
    /// What any of the parts deals: what none of them does needs no slot.
    policy: SplitPolicy,
    stable: Arc<Target<H>>,
    /// In the order of their slots.
    parts: Box<[Part<H>]>,
    /// Whether any of them has units that were chosen, so that nobody looks for one in vain.
    chooses: bool,
}

impl<H> Layer<H> {
    /// Units in none of `parts` are answered by `stable`.
    #[must_use]
    pub fn new(salt: Salt, stable: Arc<Target<H>>, mut parts: Vec<Part<H>>) -> Self {
        parts.sort_by_key(|part| part.slots.start);
        let chooses = parts.iter().any(|part| part.route.targeting.chooses());
        let policy = parts.iter().fold(SplitPolicy::default(), |policy, part| policy.or(part.route.policy));
        Self { salt, policy, stable, parts: parts.into(), chooses }
    }

    #[must_use]
    pub fn parts(&self) -> &[Part<H>] {
        &self.parts
    }

    /// Chosen units are let in wherever they stand, by force before by list; all others by their place, and then as the
    /// part's own route deals them.
    pub(super) fn decide(
        &self,
        read: Read,
        unit: Unit<'_>,
        forced: Option<&[u8]>,
        admits: impl Fn(&Targeting) -> bool,
        draw: impl Fn() -> u32,
    ) -> Decision<'_, H> {
        if let Some(decision) = self.chosen(read, unit, forced, &admits) {
            return decision;
        }
        if let Some(reason) = self.policy.keeps(read, unit) {
            return Decision::of(&self.stable, reason);
        }
        let (slot, elsewhere) = match unit {
            Unit::Id(id) => (self.salt.slot(id), Reason::OutsidePart),
            Unit::Anonymous => (draw() % SLOTS, Reason::AnonymousRandom),
        };
        let decision = match self.owner(slot) {
            None => Decision::of(&self.stable, elsewhere),
            Some(route) if admits(&route.targeting) => route.dealt(read, unit, draw),
            Some(route) => route.passed_by(Reason::NotTargeted),
        };
        Decision { layer_slot: Some(slot), ..decision }
    }

    fn chosen(&self, read: Read, unit: Unit<'_>, forced: Option<&[u8]>, admits: impl Fn(&Targeting) -> bool) -> Option<Decision<'_, H>> {
        if forced.is_none() && !self.chooses {
            return None;
        }
        let routes = || self.parts.iter().map(|part| &part.route).filter(|route| admits(&route.targeting));
        let by_force = forced.and_then(|name| routes().find_map(|route| route.forced(name)));
        by_force.or_else(|| routes().find_map(|route| route.allowed(read, unit)))
    }

    fn owner(&self, slot: u32) -> Option<&Route<H>> {
        let after = self.parts.partition_point(|part| part.slots.start <= slot);
        self.parts[..after].last().filter(|part| slot < part.slots.end).map(|part| &part.route)
    }
}
