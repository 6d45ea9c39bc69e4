//! One route and the decision it takes for one request.

use schemars::JsonSchema;
use std::sync::Arc;

use super::{Allocation, Holdout, SLOTS, Salt, SplitPolicy, Target, Targeting};
use crate::interleaving::{Seal, Team};
use crate::protocol::Read;

/// Whom a decision is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit<'a> {
    Id(&'a [u8]),
    Anonymous,
}

/// Why a request went where it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DecisionReason")]
pub enum Reason {
    /// The name has no route.
    Transparent,
    /// Bookkeeping, where only searches are split.
    NotSplit,
    /// The request named a variant and the configuration allows that.
    Forced,
    /// The unit is on the deny list of an experiment.
    Denied,
    /// The unit is on the allow list of an experiment.
    Allowed,
    /// The unit is kept out of every rollout.
    HeldOut,
    /// The unit's slot in the layer belongs to no experiment, or not to the one that was asked for.
    OutsidePart,
    /// The request does not have the headers an experiment asks for.
    NotTargeted,
    /// The unit's slot under the route's salt.
    Weights,
    /// No unit: a slot was drawn for this request alone.
    AnonymousRandom,
    /// No unit, and such requests stay on stable: by the policy, or because bookkeeping without a unit always does.
    AnonymousStable,
}

impl Reason {
    /// Somebody chose, not chance: nothing that is compared may rest on it.
    #[must_use]
    pub const fn is_a_choice(self) -> bool {
        matches!(self, Self::Forced | Self::Allowed)
    }

    /// The kind of request decided, not chance: no other variant has such requests to compare with.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::NotSplit | Self::AnonymousStable)
    }
}

/// The answer for one request; made once and held until the last byte.
#[derive(Debug)]
pub struct Decision<'t, H> {
    pub target: &'t Arc<Target<H>>,
    pub reason: Reason,
    /// Under the route's salt.
    pub slot: Option<u32>,
    /// Whose decision it is; none in a layer for a unit that is nobody's.
    pub route: Option<&'t Route<H>>,
    /// Where a layer was asked, the slot under its salt.
    pub layer_slot: Option<u32>,
}

impl<'t, H> Decision<'t, H> {
    /// Without a slot, and nobody's.
    pub const fn of(target: &'t Arc<Target<H>>, reason: Reason) -> Self {
        Self { target, reason, slot: None, route: None, layer_slot: None }
    }
}

/// A weighted choice between variants.
#[derive(Debug)]
pub struct Route<H> {
    pub salt: Salt,
    pub allocation: Allocation,
    pub variants: Vec<Arc<Target<H>>>,
    /// The index of the stable variant in `variants`.
    pub stable: usize,
    /// Which reads are dealt.
    pub policy: SplitPolicy,
    pub watch: Option<Watch>,
    /// Whether two of the variants answer together where they can.
    pub interleaving: Option<Interleaving>,
    /// Who is not dealt by chance.
    pub targeting: Targeting,
    /// Who is kept out.
    pub holdout: Holdout,
}

/// How a rollout counts the requests it watches.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The rollout's id.
    pub rollout: Box<str>,
    /// What units are told apart by; independent of the route's salt, or the statistics would be biased.
    pub salt: Salt,
    /// Whether a request without a unit counts as a unit of its own.
    pub anonymous: bool,
    /// Whether requests that are [kept](Reason::is_kept) on stable count too: nothing is compared, all of stable is watched.
    pub kept: bool,
}

/// Two variants whose lists of hits are merged into one.
#[derive(Clone, Debug)]
pub struct Interleaving {
    /// Their places among the variants, the control's first.
    pub teams: [usize; 2],
    pub seal: Arc<dyn Seal>,
}

impl<H> Route<H> {
    /// Decides for a read, without a look at its headers. `forced` is the variant a trusted request asks for; an unknown one is
    /// ignored. `draw` supplies the slot of an anonymous request.
    pub fn decide(&self, read: Read, unit: Unit<'_>, forced: Option<&[u8]>, draw: impl FnOnce() -> u32) -> Decision<'_, H> {
        let chosen = forced.and_then(|name| self.forced(name)).or_else(|| self.allowed(read, unit));
        chosen.unwrap_or_else(|| self.dealt(read, unit, draw))
    }

    pub(super) fn forced(&self, name: &[u8]) -> Option<Decision<'_, H>> {
        let target = self.variants.iter().find(|target| target.variant.as_bytes() == name)?;
        Some(self.decided(target, Reason::Forced))
    }

    /// Who is on both lists is denied. A list names who gets a variant, not which reads: the policy decides that.
    pub(super) fn allowed(&self, read: Read, unit: Unit<'_>) -> Option<Decision<'_, H>> {
        let Unit::Id(id) = unit else { return None };
        if self.policy.keeps(read, unit).is_some() {
            return None;
        }
        let variant = self.targeting.chosen(id).filter(|_| !self.targeting.denies(id))?;
        Some(self.decided(&self.variants[variant], Reason::Allowed))
    }

    /// For whoever was not chosen.
    pub(super) fn dealt(&self, read: Read, unit: Unit<'_>, draw: impl FnOnce() -> u32) -> Decision<'_, H> {
        if let Some(reason) = self.policy.keeps(read, unit) {
            return self.passed_by(reason);
        }
        let (slot, reason) = match unit {
            Unit::Id(id) if self.targeting.denies(id) => return self.passed_by(Reason::Denied),
            Unit::Id(id) if self.holdout.holds(id) => return self.passed_by(Reason::HeldOut),
            Unit::Id(id) => (self.salt.slot(id), Reason::Weights),
            Unit::Anonymous => (draw() % SLOTS, Reason::AnonymousRandom),
        };
        Decision { slot: Some(slot), ..self.decided(&self.variants[self.allocation.owner(slot)], reason) }
    }

    /// What a request gets that is none of the route's business.
    #[must_use]
    pub fn passed_by(&self, reason: Reason) -> Decision<'_, H> {
        self.decided(self.stable(), reason)
    }

    #[must_use]
    pub fn stable(&self) -> &Arc<Target<H>> {
        &self.variants[self.stable]
    }

    /// The team of whoever the decision fell on, and who else is to answer. Only where chance decided for a unit: whoever
    /// was given a variant is to see that one.
    #[must_use]
    pub fn pair(&self, decision: &Decision<'_, H>) -> Option<(Team, &Arc<Target<H>>)> {
        let interleaving = self.interleaving.as_ref().filter(|_| decision.reason == Reason::Weights)?;
        let [control, treatment] = interleaving.teams.map(|variant| &self.variants[variant]);
        match decision.target {
            own if Arc::ptr_eq(own, control) => Some((Team::Control, treatment)),
            own if Arc::ptr_eq(own, treatment) => Some((Team::Treatment, control)),
            _ => None,
        }
    }

    const fn decided<'t>(&'t self, target: &'t Arc<Target<H>>, reason: Reason) -> Decision<'t, H> {
        Decision { route: Some(self), ..Decision::of(target, reason) }
    }
}
