//! Deployments under way, for a scrape.

use super::Deployments;
use crate::control::clock;
use crate::control::documents::{DeploymentDocument, Resource};
use crate::metrics::DeploymentGauge;
use crate::rollout::Timestamp;

impl Deployments {
    pub(in crate::control) fn gauges(&self) -> Vec<DeploymentGauge> {
        let (state, now) = (self.engine.state(), clock::now());
        let live = state.documents.deployments.values().filter(|document| document.is_live());
        live.map(|document| gauge(document, now)).collect()
    }
}

fn gauge(document: &DeploymentDocument, now: Timestamp) -> DeploymentGauge {
    let deployment = &document.deployment;
    let entered = deployment.history().last().map_or(now, |step| step.at);
    DeploymentGauge {
        alias: deployment.spec().alias.clone(),
        id: deployment.id().to_owned(),
        state: deployment.state().name(),
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
        seconds_in_state: now.since(entered) as f64 / 1000.0,
        copy: deployment.found().checkpoint.as_ref().map(|checkpoint| (checkpoint.copied(), checkpoint.total)),
    }
}
