//! How the control plane comes up: the store, what it holds, the routes of the configuration, and the work behind.

use std::future::Future;
use std::sync::Arc;

use super::{Control, Parts, StartError, leader, listing, samples};
use crate::config::{Config, Loaded, unsaid};
use crate::control::documents::{Absorbed, Documents, ONLY, Resource, Routes, TokenKeys, absorb, json, put_new, writes_between};
use crate::control::engine::{Action, Caller, Engine, Intent, ListingHealth, ReloadStatus, State};
use crate::control::plan::Plan;
use crate::live::Refresh;
use crate::metrics::Registry;
use crate::store::{Change, CommitError, Store};

impl Control {
    /// Opens the store and takes up what it holds, and the routes of the configuration.
    ///
    /// # Errors
    /// When certificates cannot be used, or the store cannot be opened, is damaged, or holds a route that this configuration
    /// cannot serve.
    pub async fn start(loaded: &Loaded, registry: Arc<Registry>) -> Result<Parts<impl Future<Output = ()> + Send + use<>>, StartError> {
        let plan = Plan::of(&loaded.config, None).map_err(StartError::Plan)?;
        let store = Store::open(&plan.store).await?;
        let documents = started(&store, &plan).await?;
        warn_of_defaults(&loaded.config, &documents);
        let state = State {
            plan: Arc::new(plan),
            documents,
            listing: Arc::default(),
            health: ListingHealth::default(),
            revision: 1,
            reload: Arc::new(ReloadStatus::serving(&loaded.fingerprint)),
            captures: Vec::new(),
        };
        let (engine, shared) = Engine::new(registry, loaded.config.clone(), store, state);
        let (refresh, requests) = Refresh::channel();
        let control = Self::new(engine.clone());
        // Before anything is reported. If it fails, it is tried again with every report that this replica is alive.
        if let Err(error) = control.experiments.learn_keys().await {
            tracing::warn!(%error, "what was reported before the start is not known yet");
        }
        let listing = listing::run(engine.clone(), requests);
        let following = engine.clone().follow(engine.changes());
        let leading = leader::run(control.clone());
        let sampling = samples::run(control.clone());
        let background = async move {
            tokio::select! {
                () = listing => {}
                () = following => {}
                () = leading => {}
                () = sampling => {}
            }
        };
        Ok(Parts { control, shared, refresh, background })
    }
}

/// How often the start tries anew when other replicas take in the same configuration at the same time.
const ATTEMPTS: usize = 5;

/// What the store holds once this configuration's routes are in it.
async fn started(store: &Store, plan: &Plan) -> Result<Documents, StartError> {
    let mut attempt = 0;
    loop {
        let held = Documents::default().after(store.load().await?)?;
        let (mut routes, mut absorbed) = (Routes::clone(&held.routes), Absorbed::clone(&held.configured));
        absorb(&mut routes, &mut absorbed, &plan.routes);
        // Only now: an upstream and the route that needed it may have left the file together.
        check_stored(&routes, plan)?;
        let mut writes = writes_between(&held, &routes, &absorbed);
        if held.token_keys().is_none() {
            writes.push(put_new::<TokenKeys>(ONLY, &TokenKeys::first()));
        }
        if writes.is_empty() {
            return Ok(held);
        }
        let intent = Intent::new(Action::RoutesConfigure, "", Caller::pointsman("the configuration at the start"));
        let change = Change::new(intent.audited(None, Some(json(&absorbed))), writes);
        attempt += 1;
        match store.commit(change).await {
            Ok(_) => {}
            Err(CommitError::Conflict { .. }) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What goes another way than in the version before, because nothing else was said: routes follow the new defaults, of the
/// configuration or made through the admin API. What is under way keeps its population to its end.
fn warn_of_defaults(config: &Config, held: &Documents) {
    for warning in unsaid(config, &held.routes.iter().map(|(alias, route)| (alias, &route.spec))) {
        tracing::warn!("{warning}");
    }
    let canaries = held.canaries.values().filter(|document| document.is_live() && document.canary.plan().spec().split.is_none());
    let experiments = held.experiments.values().filter(|document| document.is_live() && document.experiment.spec().split.is_none());
    let experiments = experiments.filter(|document| document.alias().is_some());
    for id in canaries.map(|document| document.canary.id()).chain(experiments.map(|document| document.experiment.id())) {
        tracing::warn!(id, "an earlier version began this rollout: it splits every read of points until it ends, as it began");
    }
}

/// The configuration may have changed under the stored routes while Pointsman was down.
fn check_stored(routes: &Routes, plan: &Plan) -> Result<(), StartError> {
    let upstreams = plan.upstream_names();
    for (alias, route) in routes {
        let faults = route.spec.check(&upstreams);
        if !faults.is_empty() {
            return Err(StartError::Route { alias: alias.clone(), store: plan.store.to_string(), faults });
        }
    }
    Ok(())
}
