//! Where a unit is, for applications that embed per model.

use super::{AssignmentView, Experiments};
use crate::control::LayerSlot;
use crate::control::documents::{Page, TokenKeys, ulid};
use crate::control::engine::ControlError;
use crate::experiment::{State, Token, layer_salt, salt};
use crate::routing::Reason;
use crate::stats::Cohort;

impl Experiments {
    /// Where a unit is, without counting it.
    ///
    /// # Errors
    /// When there is no such experiment, or it is not document.
    pub fn assignment(&self, id: &str, unit: &str) -> Result<AssignmentView, ControlError> {
        self.placed(id, unit, false)
    }

    /// The same for an application that acts upon the answer: the unit is counted as one of its arm, and gets a token to
    /// report with.
    ///
    /// # Errors
    /// As [`Self::assignment`].
    pub fn assign(&self, id: &str, unit: &str) -> Result<AssignmentView, ControlError> {
        self.placed(id, unit, true)
    }

    fn placed(&self, id: &str, unit: &str, counts: bool) -> Result<AssignmentView, ControlError> {
        let document = self.known(id)?;
        let (experiment, state) = (&document.experiment, self.engine.state());
        let present = experiment.phase().zip(experiment.slices().present()).filter(|_| experiment.state() == State::Running);
        let (phase, slice) =
            present.ok_or_else(|| ControlError::ClosedExperiment { id: id.to_owned(), state: experiment.state().name() })?;
        let spec = experiment.spec();
        let assigned = experiment.assign(phase, unit.as_bytes());
        let (arm, reason) = if spec.targeting.deny.iter().any(|denied| denied == unit) {
            (None, Reason::Denied)
        } else if let Some(arm) = spec.targeting.allow.get(unit).and_then(|arm| spec.arm(arm)) {
            (Some(arm), Reason::Allowed)
        } else if state.plan.settings.identity.holdout.holds(unit.as_bytes()) {
            (None, Reason::HeldOut)
        } else if assigned.layer_slot.is_some_and(|slot| !spec.layer.slots().contains(&slot)) {
            (None, Reason::OutsidePart)
        } else {
            (assigned.arm, Reason::Weights)
        };
        let counted = arm.filter(|_| counts && reason == Reason::Weights);
        if let Some(arm) = counted {
            self.book.assigned(id, Page { phase: phase.number, slice: slice.number }, arm, assigned.hash);
        }
        let token = counted.zip(state.documents.token_keys().map(TokenKeys::signing)).zip(ulid(id)).map(|((arm, key), experiment)| {
            let bucket = u8::try_from(Cohort::bucket(assigned.hash)).unwrap_or(u8::MAX);
            key.seal(Token { experiment, phase: phase.number, arm: u8::try_from(arm).unwrap_or(u8::MAX), bucket })
        });
        let place = arm.map(|arm| &spec.arms[arm]);
        let stable = || spec.alias.as_ref().and_then(|alias| state.listing.aliases.get(alias)).cloned();
        let layer = |(alias, slot): (&String, u32)| LayerSlot { salt: layer_salt(alias).as_str().to_owned(), slot };
        Ok(AssignmentView {
            experiment: id.to_owned(),
            phase: phase.number,
            unit: unit.to_owned(),
            salt: salt(id).as_str().to_owned(),
            slot: (reason == Reason::Weights).then_some(assigned.slot),
            layer: spec.alias.as_ref().zip(assigned.layer_slot).map(layer),
            arm: place.map(|arm| arm.name.clone()),
            collection: place.and_then(|arm| arm.collection.clone()).or_else(stable),
            upstream: place.and_then(|arm| arm.upstream.clone()),
            counted: counted.is_some(),
            token,
            reason,
        })
    }
}
