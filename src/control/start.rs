//! How the control plane comes up: the store, what it holds, the routes of the configuration, and the work behind.

use std::future::Future;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify};
use ulid::Ulid;

use super::absorb::{Absorbed, Routes, absorb};
use super::author::{Author, Deed};
use super::deployment::AtWork;
use super::document::{ONLY, TOKEN_KEY, json, write};
use super::error::StartError;
use super::experiment::Book;
use super::holdings::Holdings;
use super::loss::{Book as BookOfWrites, Recent};
use super::reload_status::ReloadStatus;
use super::state::{Control, Inner, ListingHealth, State};
use super::traces::Traces;
use super::webhooks::Board;
use super::{Plan, Readiness, refresher, steward, token_keys, writes};
use crate::config::{Config, Loaded, unsaid};
use crate::live::{Refresh, Shared};
use crate::metrics::Registry;
use crate::store::{Change, CommitError, Expected, Store};

/// What [`Control::start`] hands out.
#[derive(Debug)]
pub struct Parts<F> {
    pub control: Control,
    /// What the data plane reads.
    pub shared: Shared,
    /// How the data plane asks for a listing.
    pub refresh: Refresh,
    /// Lists the aliases and follows the store for as long as it is polled. It ends when every [`Refresh`] is gone.
    pub background: F,
}

impl Control {
    /// Opens the store and takes up what it holds, and the routes of the configuration.
    ///
    /// # Errors
    /// When certificates cannot be used, or the store cannot be opened, is damaged, or holds a route that this configuration
    /// cannot serve.
    pub async fn start(loaded: &Loaded, registry: Arc<Registry>) -> Result<Parts<impl Future<Output = ()> + Send + use<>>, StartError> {
        let plan = Plan::of(&loaded.config, None).map_err(StartError::Plan)?;
        let store = Store::open(&plan.store).await?;
        let held = started(&store, &plan).await?;
        warn_of_defaults(&loaded.config, &held);
        let state = State {
            plan: Arc::new(plan),
            held,
            listing: Arc::default(),
            health: ListingHealth::default(),
            revision: 1,
            reload: Arc::new(ReloadStatus::serving(&loaded.fingerprint)),
            captures: Vec::new(),
        };
        let shared = Arc::new(ArcSwap::from_pointee(state.live(&registry)));
        let (refresh, requests) = Refresh::channel();
        let control = Self(Arc::new(Inner {
            registry,
            started: loaded.config.clone(),
            shared: Arc::clone(&shared),
            readiness: Readiness::default(),
            store,
            replica: format!("replica_{}", Ulid::generate()),
            state: ArcSwap::from_pointee(state),
            writer: Mutex::new(()),
            moving: Mutex::new(()),
            looked_again: std::sync::Mutex::default(),
            retiring: Arc::default(),
            book: Book::default(),
            book_of_writes: BookOfWrites::default(),
            recent_writes: Recent::default(),
            deploying: AtWork::default(),
            relist: Notify::new(),
            listed_by: ArcSwap::default(),
            board: Board::default(),
            traces: Traces::default(),
        }));
        // Before anybody reports anything. If it fails, it is tried again with every report that this replica is alive.
        if let Err(error) = control.learn_keys().await {
            tracing::warn!(%error, "what was reported before the start is not known yet");
        }
        let listing = refresher::run(control.clone(), requests);
        let following = control.clone().follow(control.changes());
        let stewarding = steward::run(control.clone());
        let background = async move {
            tokio::select! {
                () = listing => {}
                () = following => {}
                () = stewarding => {}
            }
        };
        Ok(Parts { control, shared, refresh, background })
    }
}

/// How often the start tries anew when other replicas take in the same configuration at the same time.
const ATTEMPTS: usize = 5;

/// What the store holds once this configuration's routes are in it.
async fn started(store: &Store, plan: &Plan) -> Result<Holdings, StartError> {
    let mut attempt = 0;
    loop {
        let held = Holdings::default().after(store.load().await?)?;
        let (mut routes, mut absorbed) = (Routes::clone(&held.routes), Absorbed::clone(&held.absorbed));
        absorb(&mut routes, &mut absorbed, &plan.routes);
        // Only now: an upstream and the route that needed it may have left the file together.
        check_stored(&routes, plan)?;
        let mut writes = writes::between(&held, &routes, &absorbed);
        if held.token_keys.is_none() {
            writes.push(write(&TOKEN_KEY, ONLY, Some(&token_keys::first()), Expected::Absent));
        }
        if writes.is_empty() {
            return Ok(held);
        }
        let author = Author::pointsman("the configuration at the start");
        let deed = Deed { action: "routes.configure", subject: "" };
        let change = Change::new(author.did(deed, None, Some(json(&absorbed))), writes);
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
fn warn_of_defaults(config: &Config, held: &Holdings) {
    for warning in unsaid(config, &held.routes.iter().map(|(alias, route)| (alias, &route.spec))) {
        tracing::warn!("{warning}");
    }
    let canaries = held.canaries.values().filter(|running| running.is_live() && running.canary.plan().spec().split.is_none());
    let experiments = held.experiments.values().filter(|trial| trial.is_live() && trial.experiment.spec().split.is_none());
    let experiments = experiments.filter(|trial| trial.alias().is_some());
    for id in canaries.map(|running| running.canary.id()).chain(experiments.map(|trial| trial.experiment.id())) {
        tracing::warn!(id, "an earlier version began this rollout: it splits every read of points until it ends, as it began");
    }
}

/// The configuration may have changed under the stored routes while nobody looked.
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
