//! A new configuration under live traffic: taken whole or not at all.

use std::sync::Arc;
use std::time::SystemTime;

use super::absorb::{Absorbed, Routes, absorb};
use super::author::{Author, Deed};
use super::document::json;
use super::error::ControlError;
use super::reload_status::ReloadStatus;
use super::state::{Control, State};
use super::{Plan, PlanFault, writes};
use crate::config::{Change, Config, restart_needed};
use crate::routing::SpecFault;
use crate::store;

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
        let _writing = self.0.writer.lock().await;
        let taken = match &change.outcome {
            Ok(loaded) => self.take_config(&loaded.config).await,
            Err(faults) => Err(texts(faults)),
        };
        let state = self.0.state.load_full();
        let status = Arc::new(ReloadStatus {
            serving: if taken.is_ok() { &change.fingerprint } else { &state.reload.serving }.clone(),
            observed: change.fingerprint.clone(),
            rejected: taken.as_ref().err().cloned().unwrap_or_default(),
            restart_needed: match &change.outcome {
                Ok(loaded) if taken.is_ok() => restart_needed(&self.0.started, &loaded.config),
                _ => state.reload.restart_needed.clone(),
            },
            observed_at: Some(SystemTime::now()),
        });
        for reason in &status.rejected {
            tracing::error!(reason, "the new configuration was rejected; the old one stays in force");
        }
        let told = State { reload: Arc::clone(&status), ..State::clone(&state) };
        match taken {
            // Both at once: whoever is served by the new table is told of it.
            Ok(plan) => self.take_plan(plan, told),
            Err(_) => self.0.state.store(Arc::new(told)),
        }
        status
    }

    fn take_plan(&self, plan: Plan, state: State) {
        let revision = state.revision + 1;
        self.publish(State { plan: Arc::new(plan), revision, ..state });
        self.0.relist.notify_one();
        tracing::info!(revision, "configuration replaced");
    }

    /// The plan of a configuration, its routes already stored; or the reasons against it.
    async fn take_config(&self, config: &Config) -> Result<Plan, Vec<String>> {
        // The port that is open now stays open until a restart, even if the new file says otherwise.
        if self.0.started.listen.admin_is_open() && config.admin.token.is_none() {
            let open = self.0.started.listen.admin;
            return Err(vec![format!("admin.token: is missing, and this process listens on {open} until it is restarted")]);
        }
        let plan = Plan::of(config, Some(&self.plan())).map_err(|faults: Vec<PlanFault>| texts(&faults))?;
        self.store_routes_of(&plan).await.map_err(|error| match error {
            ControlError::Invalid(faults) => texts(&faults),
            other => vec![other.to_string()],
        })?;
        Ok(plan)
    }

    /// Checked against the routes that operators made: none may need what the new plan does not have.
    async fn store_routes_of(&self, plan: &Plan) -> Result<(), ControlError> {
        let state = self.0.state.load_full();
        let (mut routes, mut absorbed) = (Routes::clone(&state.held.routes), Absorbed::clone(&state.held.absorbed));
        absorb(&mut routes, &mut absorbed, &plan.routes);
        let faults = misfits(&routes, plan);
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let writes = writes::between(&state.held, &routes, &absorbed);
        if writes.is_empty() {
            return Ok(());
        }
        let author = Author::pointsman("the configuration has changed");
        let audit = author.did(Deed { action: "routes.configure", subject: "" }, None, Some(json(&absorbed)));
        self.commit(store::Change::new(audit, writes)).await
    }
}

fn texts(faults: &[impl ToString]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
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
