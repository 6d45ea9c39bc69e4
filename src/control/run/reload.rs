//! A new configuration under live traffic: taken whole or not at all.

use std::sync::Arc;
use std::time::SystemTime;

use super::Control;
use crate::config::{Change, Config, restart_needed};
use crate::control::documents::{Absorbed, RouteDocument, Routes, absorb, writes_between};
use crate::control::engine::{Action, Caller, ControlError, Draft, Engine, Intent, ReloadStatus};
use crate::control::plan::{Plan, PlanFault};
use crate::routing::SpecFault;

impl Control {
    /// Takes in what the watcher saw: the new configuration whole, or none of it. The answer is what `/v1/status` then
    /// shows. Requests under way end as they began (I3). What needs a restart stays as it was.
    pub async fn reload(&self, change: Change) -> Arc<ReloadStatus> {
        let engine = self.engine.clone();
        // To its end, for the same reason as a change of a route.
        let reloading = tokio::spawn(async move { take_change(&engine, &change).await });
        reloading.await.unwrap_or_else(|_| Arc::clone(&self.engine.state().reload))
    }
}

async fn take_change(engine: &Engine, change: &Change) -> Arc<ReloadStatus> {
    let taken = match &change.outcome {
        Ok(loaded) => take_config(engine, &loaded.config).await,
        Err(faults) => Err(texts(faults)),
    };
    let before = Arc::clone(&engine.state().reload);
    let status = Arc::new(ReloadStatus {
        serving: if taken.is_ok() { &change.fingerprint } else { &before.serving }.clone(),
        observed: change.fingerprint.clone(),
        rejected: taken.as_ref().err().cloned().unwrap_or_default(),
        restart_needed: match &change.outcome {
            Ok(loaded) if taken.is_ok() => restart_needed(engine.started(), &loaded.config),
            _ => before.restart_needed.clone(),
        },
        observed_at: Some(SystemTime::now()),
    });
    for reason in &status.rejected {
        tracing::error!(reason, "the new configuration was rejected; the old one stays in force");
    }
    let _still = engine.still().await;
    match taken {
        // Both at once: a reader that is served by the new table is told of it.
        Ok(plan) => {
            engine.publish_next(|state| (state.plan, state.reload) = (Arc::new(plan), Arc::clone(&status)));
            engine.relist();
            tracing::info!(revision = engine.state().revision, "configuration replaced");
        }
        Err(_) => engine.note(|state| state.reload = Arc::clone(&status)),
    }
    status
}

/// The plan of a configuration, its routes already stored; or the reasons against it.
async fn take_config(engine: &Engine, config: &Config) -> Result<Plan, Vec<String>> {
    // The port that is open now stays open until a restart, even if the new file says otherwise.
    if engine.started().listen.admin_is_open() && config.admin.token.is_none() {
        let open = engine.started().listen.admin;
        return Err(vec![format!("admin.token: is missing, and this process listens on {open} until it is restarted")]);
    }
    let plan = Plan::of(config, Some(&engine.plan())).map_err(|faults: Vec<PlanFault>| texts(&faults))?;
    store_routes_of(engine, &plan).await.map_err(|error| match error {
        ControlError::Invalid(faults) => texts(&faults),
        other => vec![other.to_string()],
    })?;
    Ok(plan)
}

/// Checked against the routes that operators made: none may need what the new plan does not have.
async fn store_routes_of(engine: &Engine, plan: &Plan) -> Result<(), ControlError> {
    let intent = Intent::new(Action::RoutesConfigure, "", Caller::pointsman("the configuration has changed"));
    let documents = engine.state().documents.clone();
    let (mut routes, mut absorbed) = (Routes::clone(&documents.routes), Absorbed::clone(&documents.configured));
    absorb(&mut routes, &mut absorbed, &plan.routes);
    let faults = misfits(&routes, plan);
    if !faults.is_empty() {
        return Err(ControlError::Invalid(faults));
    }
    let mut draft = Draft::of(writes_between(&documents, &routes, &absorbed), Vec::new());
    if draft.writes.is_empty() {
        return Ok(());
    }
    draft.record(None::<&()>, Some(&absorbed));
    engine.record(intent, draft, None).await
}

fn texts(faults: &[impl ToString]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

/// Routes that the plan could not serve.
fn misfits(routes: &Routes, plan: &Plan) -> Vec<SpecFault> {
    let upstreams = plan.upstream_names();
    let of = |(alias, route): (&String, &RouteDocument)| {
        let alias = alias.clone();
        let located = move |fault: SpecFault| SpecFault { field: format!("routes.{alias}.{}", fault.field), ..fault };
        route.spec.check(&upstreams).into_iter().map(located)
    };
    routes.iter().flat_map(of).collect()
}
