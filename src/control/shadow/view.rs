//! Shadow comparisons as they are shown.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Shadows;
use crate::config::Timestamp;
use crate::control::documents::{ShadowDocument, json};
use crate::control::engine::{ControlError, State};
use crate::rollout::shadow::{ShadowSpec, ShadowState, ShadowStep};
use crate::stats::shadow::Findings;

/// A shadow comparison as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Shadow")]
pub struct ShadowView {
    pub id: String,
    /// Its `ETag`.
    pub revision: u64,
    pub state: ShadowState,
    /// The kill switch is on: nothing is mirrored.
    pub paused: bool,
    pub created: Timestamp,
    /// When it stops by itself.
    pub planned_end: Timestamp,
    pub stopped_at: Option<Timestamp>,
    pub history: Vec<ShadowStep>,
    /// The spec with all its defaults.
    pub spec: ShadowSpec,
    /// What is known, live or as it was frozen; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Findings>")]
    pub report: Option<Value>,
}

impl ShadowView {
    fn of(document: &ShadowDocument, state: &State) -> Self {
        let shadow = &document.shadow;
        Self {
            id: shadow.id().to_owned(),
            revision: document.revision,
            state: shadow.state(),
            paused: shadow.mirrors() && state.documents.kill_switch().on,
            created: shadow.created(),
            planned_end: shadow.planned_end(),
            stopped_at: shadow.stopped_at(),
            history: shadow.history().to_vec(),
            spec: shadow.spec().clone(),
            report: None,
        }
    }
}

impl Shadows {
    /// One, with what all replicas have seen so far, or what was frozen at its end.
    ///
    /// # Errors
    /// When there is no such shadow comparison, or what was counted cannot be read.
    pub async fn show(&self, id: &str) -> Result<ShadowView, ControlError> {
        let document = self.known(id)?;
        let report = match document.shadow.report() {
            Some(frozen) => frozen.clone(),
            None => json(&self.report(&document).await?),
        };
        Ok(ShadowView { report: Some(report), ..ShadowView::of(&document, &self.engine.state()) })
    }

    /// All of them, the ended ones too, by id, which is by age.
    #[must_use]
    pub fn list(&self) -> Vec<ShadowView> {
        let state = self.engine.state();
        state.documents.shadows.values().map(|document| ShadowView::of(document, &state)).collect()
    }
}
