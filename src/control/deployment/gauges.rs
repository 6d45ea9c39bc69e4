//! Deployments under way, for a scrape.

use super::Deploying;
use crate::control::clock;
use crate::control::state::Control;
use crate::metrics::DeploymentGauge;
use crate::rollout::Timestamp;

impl Control {
    pub(in crate::control) fn deployment_gauges(&self) -> Vec<DeploymentGauge> {
        let (state, now) = (self.0.state.load(), clock::now());
        let live = state.held.deployments.values().filter(|deploying| deploying.is_live());
        live.map(|deploying| gauge(deploying, now)).collect()
    }
}

fn gauge(deploying: &Deploying, now: Timestamp) -> DeploymentGauge {
    let deployment = &deploying.deployment;
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
