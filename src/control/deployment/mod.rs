//! Deployments under way: what `rollout::deployment` wants done is carried out here.
//!
//! Every replica keeps all of them; the one that holds the controller's lease works on each in a task of its own, since a
//! copy takes hours and a lease seconds. What is to be done is in the store before it is begun, what became of it is
//! stored under the lease's fence, and work on a state that was left meanwhile ends.
//!
//! ```text
//! requests  what operators ask for               steps     one task for each that is due
//! view      how it is shown                      gauges    for a scrape
//! preview   a creation without touching anything
//! build     checking, making, copying, verifying, finishing
//! release   validating, the canary that moves the alias, watching, undoing
//! ```

mod build;
mod gauges;
mod preview;
mod release;
mod requests;
mod steps;
mod view;

#[cfg(test)]
mod tests;

use super::canary::Canaries;
use super::documents::{CanaryDocument, DeploymentDocument, Noun};
use super::engine::{ControlError, Engine};
use super::loss::Losses;
use crate::rollout::deployment::Deployment;

pub use preview::{Preview, PreviewStep};
pub use view::DeploymentView;

use steps::AtWork;

/// The deployments of this store. Clones are the same.
#[derive(Clone, Debug)]
pub struct Deployments {
    engine: Engine,
    losses: Losses,
    canaries: Canaries,
    /// The deployments that this process is working on.
    at_work: AtWork,
}

impl Deployments {
    pub(super) fn new(engine: Engine, losses: Losses, canaries: Canaries) -> Self {
        Self { engine, losses, canaries, at_work: AtWork::default() }
    }

    fn document(&self, id: &str) -> Option<DeploymentDocument> {
        self.engine.state().documents.deployments.get(id).cloned()
    }

    fn known(&self, id: &str) -> Result<DeploymentDocument, ControlError> {
        self.document(id).ok_or_else(|| ControlError::NotFound { noun: Noun::Deployment, id: id.to_owned() })
    }

    /// The canary that moves the alias, once there is one.
    fn canary_of(&self, deployment: &Deployment) -> Option<CanaryDocument> {
        self.engine.state().documents.canaries.get(deployment.made().canary.as_ref()?).cloned()
    }
}
