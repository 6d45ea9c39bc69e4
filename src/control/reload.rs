//! A new configuration under live traffic: taken whole or not at all.

use std::sync::Arc;
use std::time::SystemTime;

use super::absorb::{Absorbed, Routes, absorb};
use super::author::{Author, Deed};
use super::error::ControlError;
use super::state::{Control, State};
use super::{Plan, PlanFault, writes};
use crate::config::{Change, Config, restart_needed};
use crate::routing::SpecFault;
use crate::store;

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
    pub restart_needed: Vec<&'static str>,
    /// When the last one was seen.
    #[serde(serialize_with = "unix_seconds")]
    pub observed_at: Option<SystemTime>,
}

impl ReloadStatus {
    pub(super) fn serving(fingerprint: &str) -> Self {
        Self { serving: fingerprint.to_owned(), observed: fingerprint.to_owned(), observed_at: Some(SystemTime::now()), ..Self::default() }
    }
}

impl Control {
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.0.state.load().plan)
    }

    /// Takes in what the watcher saw: the new configuration whole, or none of it. The answer is what `/v1/status` then
    /// shows. Requests under way end as they began (I3). What needs a restart stays as it was.
    pub async fn reload(&self, change: Change) -> Arc<ReloadStatus> {
        let control = self.clone();
        // To its end, for the same reason as a change of a route.
        let reloading = tokio::spawn(async move { control.take_change(&change).await });
        reloading.await.unwrap_or_else(|_| Arc::clone(&self.0.state.load().reload))
    }

    async fn take_change(&self, change: &Change) -> Arc<ReloadStatus> {
        let rejected = match &change.outcome {
            Ok(loaded) => self.take_config(&loaded.config).await.err().unwrap_or_default(),
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        };
        for reason in &rejected {
            tracing::error!(reason, "the new configuration was rejected; the old one stays in force");
        }
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        let restart_needed = match &change.outcome {
            Ok(loaded) if rejected.is_empty() => restart_needed(&self.0.started, &loaded.config),
            _ => state.reload.restart_needed.clone(),
        };
        let serving = if rejected.is_empty() { &change.fingerprint } else { &state.reload.serving };
        let status = Arc::new(ReloadStatus {
            serving: serving.clone(),
            observed: change.fingerprint.clone(),
            rejected,
            restart_needed,
            observed_at: Some(SystemTime::now()),
        });
        self.0.state.store(Arc::new(State { reload: Arc::clone(&status), ..State::clone(&state) }));
        status
    }

    /// The reasons against, if there are any.
    async fn take_config(&self, config: &Config) -> Result<(), Vec<String>> {
        let texts = |faults: Vec<PlanFault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        let plan = Plan::of(config, Some(&self.plan())).map_err(texts)?;
        self.replace_plan(plan).await.map_err(|error| match error {
            ControlError::Invalid(faults) => faults.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        })
    }

    /// Checked against the routes that operators made: none may need what the new plan does not have.
    async fn replace_plan(&self, plan: Plan) -> Result<(), ControlError> {
        let _writing = self.0.writer.lock().await;
        let state = self.0.state.load_full();
        let (mut routes, mut absorbed) = (Routes::clone(&state.held.routes), Absorbed::clone(&state.held.absorbed));
        absorb(&mut routes, &mut absorbed, &plan.routes);
        let faults = misfits(&routes, &plan);
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let writes = writes::between(&state.held, &routes, &absorbed);
        if !writes.is_empty() {
            let author = Author::pointsman("the configuration has changed");
            let audit = author.did(Deed { action: "routes.configure", subject: "" }, None, Some(writes::json(&absorbed)));
            self.commit(store::Change::new(audit, writes)).await?;
        }
        let state = self.0.state.load_full();
        let revision = state.revision + 1;
        self.publish(State { plan: Arc::new(plan), revision, ..State::clone(&state) });
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
