//! What is due, by the controller.

use super::Mirroring;
use crate::config::Timestamp;
use crate::control::author::{Author, Deed};
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::control::{clock, document};
use crate::rollout::BasisFault;
use crate::rollout::shadow::ShadowState;
use crate::store::{self, Fence};

impl Control {
    /// Ends every shadow comparison whose time has come, or that has lost what it rests on. One that fails is tried again at the
    /// next round.
    pub(in crate::control) async fn step_shadows(&self, fence: &Fence) {
        let (state, now) = (self.0.state.load_full(), clock::now());
        for mirroring in state.held.shadows.values() {
            let basis = self.stands(mirroring.shadow.basis()).await;
            let is_due = mirroring.shadow.due_at().is_some_and(|due| due <= now);
            if !is_due && basis.is_ok() {
                continue;
            }
            if let Err(error) = self.step_shadow(mirroring, &basis, now, fence).await {
                tracing::warn!(shadow = mirroring.shadow.id(), %error, "a shadow comparison could not be ended; it is tried again");
            }
        }
    }

    pub(super) async fn step_shadow(
        &self,
        before: &Mirroring,
        basis: &Result<(), BasisFault>,
        now: Timestamp,
        fence: &Fence,
    ) -> Result<(), ControlError> {
        let mut after = before.clone();
        if before.shadow.state() == ShadowState::Settling {
            // The last word needs what every replica has counted, and they all know by now that it is over.
            if !self.is_applied(before.revision).await {
                return Ok(());
            }
            let report = self.shadow_report(before).await?;
            after.shadow.end(now, document::json(&report));
        } else {
            let lost = basis.as_ref().is_err_and(|fault| after.shadow.lose_basis(now, fault));
            if !lost && !after.shadow.tick(now) {
                return Ok(());
            }
        }
        let _writing = self.0.writer.lock().await;
        let author = Author::pointsman(after.shadow.history().last().map_or("", |step| &step.reason));
        let deed = Deed { action: "shadow.step", subject: before.alias() };
        let audit = author.did(deed, Some(document::json(&before.shadow.state())), Some(document::json(&after.shadow.state())));
        let mut change = store::Change::new(audit, after.writes(Some(before)));
        change.events = after.events(Some(before));
        change.fence = Some(fence.clone());
        self.commit(change).await?;
        tracing::info!(shadow = after.shadow.id(), state = after.shadow.state().name(), "shadow comparison");
        Ok(())
    }
}
