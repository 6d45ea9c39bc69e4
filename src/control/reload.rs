//! A new configuration under live traffic: taken whole or not at all.

use std::sync::Arc;
use std::time::SystemTime;

use super::Plan;
use super::absorb::{Absorbed, Routes, absorb};
use super::error::ControlError;
use super::publish::commit;
use super::state::{Control, State};
use crate::routing::SpecFault;

/// Whether the configuration on disk is the one being served.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct ReloadStatus {
    /// Fingerprint of the configuration in force.
    pub serving: String,
    /// Fingerprint of the last one seen; another than `serving` when it was rejected.
    pub observed: String,
    /// Why the last one seen was rejected; empty when it was not.
    pub rejected: Vec<String>,
    /// Keys that changed but need a restart to take effect.
    pub restart_needed: Vec<String>,
    /// When the last one was seen.
    #[serde(serialize_with = "unix_seconds")]
    pub observed_at: Option<SystemTime>,
}

impl Control {
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.0.state.load().plan)
    }

    /// Serves `plan` from now on; requests under way end under the old one (I3). The store's place cannot change in a
    /// running process, so the plan's is ignored.
    ///
    /// # Errors
    /// When a route set through the admin API needs an upstream that the new plan does not have, or the routes cannot be
    /// written; then the old plan stays in force.
    pub async fn reload(&self, plan: Plan) -> Result<(), ControlError> {
        let control = self.clone();
        // To its end, for the same reason as a change of a route.
        tokio::spawn(async move { control.replace_plan(plan).await }).await.unwrap_or(Err(ControlError::Stopping))
    }

    /// What `/v1/status` shows of the last attempt to reload.
    pub async fn note_reload(&self, reload: ReloadStatus) {
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        self.0.state.store(Arc::new(State { reload: Arc::new(reload), ..State::clone(&state) }));
    }

    async fn replace_plan(&self, plan: Plan) -> Result<(), ControlError> {
        let journal = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        let (mut routes, mut absorbed) = (Routes::clone(&state.routes), Absorbed::clone(&state.absorbed));
        let revision = state.revision + 1;
        let changed = absorb(&mut routes, &mut absorbed, &plan.routes, revision);
        let faults = misfits(&routes, &plan);
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let next = State { plan: Arc::new(plan), routes: Arc::new(routes), absorbed: Arc::new(absorbed), revision, ..State::clone(&state) };
        if changed {
            commit(&journal, &next).await?;
        }
        self.publish(next);
        self.0.relist.notify_one();
        tracing::info!(revision, "configuration replaced");
        Ok(())
    }
}

/// Routes that the plan could not serve.
fn misfits(routes: &Routes, plan: &Plan) -> Vec<SpecFault> {
    let upstreams = plan.upstream_names();
    let of = |(alias, route): (&String, &super::RouteState)| {
        let alias = alias.clone();
        let located = move |fault: SpecFault| SpecFault { field: format!("routes.{alias}.{}", fault.field), ..fault };
        route.spec.check(&upstreams).into_iter().map(located)
    };
    routes.iter().flat_map(of).collect()
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
fn unix_seconds<S: serde::Serializer>(at: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let seconds = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).map(|since| since.as_secs());
    serde::Serialize::serialize(&seconds, serializer)
}
