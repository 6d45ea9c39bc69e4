//! What is due, by the controller.

use super::Shadows;
use crate::config::Timestamp;
use crate::control::clock;
use crate::control::documents::{ShadowDocument, json};
use crate::control::engine::{Action, ControlError, Draft};
use crate::rollout::BasisFault;
use crate::rollout::shadow::ShadowState;
use crate::store::Fence;

impl Shadows {
    /// Ends every shadow comparison whose time has come, or that has lost what it rests on. One that fails is tried again at the
    /// next round.
    pub(in crate::control) async fn step_all(&self, fence: &Fence) {
        let (state, now) = (self.engine.state(), clock::now());
        for document in state.documents.shadows.values() {
            let basis = self.engine.stands(document.shadow.basis()).await;
            let is_due = document.shadow.due_at().is_some_and(|due| due <= now);
            if !is_due && basis.is_ok() {
                continue;
            }
            if let Err(error) = self.step(document, &basis, now, fence).await {
                tracing::warn!(shadow = document.shadow.id(), %error, "a shadow comparison could not be ended; it is tried again");
            }
        }
    }

    pub(super) async fn step(
        &self,
        before: &ShadowDocument,
        basis: &Result<(), BasisFault>,
        now: Timestamp,
        fence: &Fence,
    ) -> Result<(), ControlError> {
        let mut after = before.clone();
        if before.shadow.state() == ShadowState::Settling {
            // The last word needs what every replica has counted, and they all know by now that it is over.
            if !self.engine.is_applied(before.revision).await {
                return Ok(());
            }
            let report = self.report(before).await?;
            after.shadow.end(now, json(&report));
        } else {
            let lost = basis.as_ref().is_err_and(|fault| after.shadow.lose_basis(now, fault));
            if !lost && !after.shadow.tick(now) {
                return Ok(());
            }
        }
        let writing = self.engine.begin_step(Action::ShadowStep, fence).await;
        let mut draft = Draft::of(after.writes(Some(before)), after.events(Some(before)));
        let reason = after.shadow.history().last().map_or_else(String::new, |step| step.reason.clone());
        draft.record_step(before.alias(), reason, &before.shadow.state(), &after.shadow.state());
        writing.commit_once(draft).await?;
        tracing::info!(shadow = after.shadow.id(), state = after.shadow.state().name(), "shadow comparison");
        Ok(())
    }
}
