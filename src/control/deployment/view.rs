//! A deployment as it is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::Deployments;
use crate::control::documents::{DeploymentDocument, Resource};
use crate::control::engine::ControlError;
use crate::qdrant::Difference;
use crate::qdrant::{Undone, Validation, Verification};
use crate::rollout::Timestamp;
use crate::rollout::Way;
use crate::rollout::deployment::{DeploymentSpec, DeploymentStep, Found};
use crate::rollout::loss::{Counted, Loss};

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Deployment")]
pub struct DeploymentView {
    pub id: String,
    /// Its `ETag`.
    pub revision: u64,
    pub alias: String,
    /// The new collection.
    pub collection: String,
    /// What the alias pointed at.
    pub previous: Option<String>,
    pub state: &'static str,
    /// Of the copy, once it has begun.
    pub progress: Option<CopyView>,
    /// Between the old collection and the new one.
    pub differences: Vec<Difference>,
    pub verification: Option<Verification>,
    pub validation: Option<Validation>,
    /// Looks after the switch that found the new collection wanting, and the last reason.
    pub failed_looks: u32,
    pub last_failure: Option<String>,
    /// The canary that moves the alias.
    pub canary: Option<String>,
    /// Attempts at the present work that have failed, and the last error.
    pub attempts: u32,
    pub error: Option<String>,
    pub undone: Option<Undone>,
    /// The writes that the switch leaves behind in the old collection, or in the source, as far as they are counted.
    pub lost_if_promoted: Option<Loss>,
    /// The writes that going back leaves behind in the new collection, once the alias was about to move.
    pub lost_if_rolled_back: Option<Loss>,
    /// The switch may lose writes: the spec or an operator has said so.
    pub accepts_lost_writes: bool,
    pub warnings: Vec<String>,
    pub history: Vec<DeploymentStep>,
    pub due_at: Option<Timestamp>,
    /// With all its defaults.
    pub spec: DeploymentSpec,
}

/// How far the copy is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "CopyProgress")]
pub struct CopyView {
    pub points: u64,
    /// When the copy began; writes may move it.
    pub total: u64,
    pub points_per_second: Option<f64>,
    pub left_ms: Option<u64>,
}

impl From<&DeploymentDocument> for DeploymentView {
    fn from(document: &DeploymentDocument) -> Self {
        let deployment = &document.deployment;
        let found = deployment.found().clone();
        let (attempts, error) = deployment.trouble().unzip();
        Self {
            id: deployment.id().to_owned(),
            revision: document.revision,
            alias: deployment.spec().alias.clone(),
            collection: deployment.collection().to_owned(),
            previous: found.previous.clone(),
            state: deployment.state().name(),
            progress: progress(&found),
            differences: found.differences,
            verification: found.verification,
            validation: found.validation,
            failed_looks: found.failed_looks,
            last_failure: found.last_failure,
            canary: deployment.made().canary.clone(),
            attempts: attempts.unwrap_or_default(),
            error: error.map(str::to_owned),
            undone: found.undone,
            lost_if_promoted: deployment.losses().0.cloned(),
            lost_if_rolled_back: deployment.losses().1.cloned(),
            accepts_lost_writes: deployment.accepts_lost_writes(),
            warnings: found.warnings.into_iter().chain(deployment.warnings_of_loss()).collect(),
            history: deployment.history().to_vec(),
            due_at: deployment.due_at(),
            spec: deployment.spec().clone(),
        }
    }
}

fn progress(found: &Found) -> Option<CopyView> {
    let checkpoint = found.checkpoint.as_ref()?;
    Some(CopyView {
        points: checkpoint.copied(),
        total: checkpoint.total,
        points_per_second: found.points_per_second,
        left_ms: found.left_ms,
    })
}

impl Deployments {
    /// # Errors
    /// When there is no such deployment.
    pub fn show(&self, id: &str) -> Result<DeploymentView, ControlError> {
        Ok(self.view(&self.known(id)?, &self.losses.counted_lately()))
    }

    /// All deployments, the ended ones too, by id, which is by age.
    #[must_use]
    pub fn list(&self) -> Vec<DeploymentView> {
        let counted = self.losses.counted_lately();
        self.engine.state().documents.deployments.values().map(|document| self.view(document, &counted)).collect()
    }

    /// With what is counted by now, as long as that can still matter.
    fn view(&self, document: &DeploymentDocument, counted: &Counted) -> DeploymentView {
        let mut shown = document.clone();
        if document.is_live() {
            let back = self.canary_of(&document.deployment).and_then(|found| found.canary.loss(Way::Back, counted));
            shown.deployment.note_counted(counted, back);
        }
        DeploymentView::from(&shown)
    }
}
