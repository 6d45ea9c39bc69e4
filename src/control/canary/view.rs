//! A canary as it is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::Canaries;
use crate::control::documents::{CanaryDocument, Resource, json};
use crate::control::engine::ControlError;
use crate::rollout::loss::Counted;
use crate::rollout::{CanarySpec, CanaryStatus};
use crate::routing::SplitPolicy;

/// A canary as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Canary")]
pub struct CanaryView {
    pub id: String,
    /// Its `ETag`.
    pub revision: u64,
    /// The status, with everything in it.
    #[serde(flatten)]
    #[schemars(with = "CanaryStatus<'static>")]
    pub status: serde_json::Value,
    /// The plan with all its defaults.
    pub plan: CanarySpec,
}

impl CanaryView {
    /// With what is counted by now, as long as that can still matter.
    fn of(document: &CanaryDocument, counted: &Counted, policy_before: SplitPolicy) -> Self {
        let mut canary = document.canary.clone();
        if document.is_live() {
            canary.note_counted(counted);
        }
        let status: CanaryStatus<'_> = canary.status();
        let mut status = json(&status);
        if let Some(fields) = status.as_object_mut() {
            fields.remove("id");
        }
        Self {
            id: document.canary.id().to_owned(),
            revision: document.revision,
            status,
            plan: CanarySpec::from(document.canary.plan().clone()).settled(policy_before),
        }
    }
}

impl Canaries {
    /// # Errors
    /// When there is no such canary.
    pub fn show(&self, id: &str) -> Result<CanaryView, ControlError> {
        Ok(CanaryView::of(&self.known(id)?, &self.losses.counted_lately(), self.engine.plan().policy_before))
    }

    /// All canaries, the ended ones too, by id, which is by age.
    #[must_use]
    pub fn list(&self) -> Vec<CanaryView> {
        let (counted, state) = (self.losses.counted_lately(), self.engine.state());
        let view = |document| CanaryView::of(document, &counted, state.plan.policy_before);
        state.documents.canaries.values().map(view).collect()
    }
}
