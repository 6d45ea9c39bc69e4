//! One route and the decision it takes for one request.

use std::sync::Arc;

use super::{Allocation, Anonymous, SLOTS, Salt, Target};

/// Whom a decision is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit<'a> {
    Id(&'a [u8]),
    Anonymous,
}

/// Why a request went where it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The name has no route.
    Transparent,
    /// Only reads of points are split; everything else belongs to stable.
    NotSplit,
    /// The request named a variant and the configuration allows that.
    Forced,
    /// The unit's slot under the route's salt.
    Weights,
    /// No unit: a slot was drawn for this request alone.
    AnonymousRandom,
    /// No unit, and the policy keeps such requests on stable.
    AnonymousStable,
}

/// The answer for one request; made once and held until the last byte.
#[derive(Debug)]
pub struct Decision<'t, H> {
    pub target: &'t Arc<Target<H>>,
    pub reason: Reason,
    pub slot: Option<u32>,
}

/// A weighted choice between variants.
#[derive(Debug)]
pub struct Route<H> {
    pub salt: Salt,
    pub allocation: Allocation,
    pub variants: Vec<Arc<Target<H>>>,
    /// The index of the stable variant in `variants`.
    pub stable: usize,
    pub anonymous: Anonymous,
    /// What units are told apart by where a rollout watches them; independent of `salt`, or the statistics would be biased.
    pub watch: Option<Salt>,
}

impl<H> Route<H> {
    /// Decides for a request that may be split. `forced` is the variant a trusted request asks for; an unknown one is
    /// ignored. `draw` supplies the slot of an anonymous request.
    pub fn decide(&self, unit: Unit<'_>, forced: Option<&[u8]>, draw: impl FnOnce() -> u32) -> Decision<'_, H> {
        if let Some(target) = forced.and_then(|name| self.variant(name)) {
            return Decision { target, reason: Reason::Forced, slot: None };
        }
        let (slot, reason) = match (unit, self.anonymous) {
            (Unit::Id(id), _) => (self.salt.slot(id), Reason::Weights),
            (Unit::Anonymous, Anonymous::Random) => (draw() % SLOTS, Reason::AnonymousRandom),
            (Unit::Anonymous, Anonymous::Stable) => return Decision { target: self.stable(), reason: Reason::AnonymousStable, slot: None },
        };
        Decision { target: &self.variants[self.allocation.owner(slot)], reason, slot: Some(slot) }
    }

    #[must_use]
    pub fn stable(&self) -> &Arc<Target<H>> {
        &self.variants[self.stable]
    }

    fn variant(&self, name: &[u8]) -> Option<&Arc<Target<H>>> {
        self.variants.iter().find(|target| target.variant.as_bytes() == name)
    }
}
