//! The one writer, and what everybody may read.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify};
use ulid::Ulid;

use super::absorb::{Absorbed, Routes};
use super::author::{Author, Deed};
use super::error::StartError;
use super::holdings::Holdings;
use super::reload::ReloadStatus;
use super::{Plan, Readiness, RouteState, writes};
use crate::config::{Config, Loaded};
use crate::live::{Live, Refresh, Shared};
use crate::metrics::Registry;
use crate::qdrant::Listing;
use crate::store::{Change, CommitError, Store};

/// The control plane's handle; clones are the same control plane.
#[derive(Clone, Debug)]
pub struct Control(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) registry: Arc<Registry>,
    /// What the process was started with; some keys stay as they were then.
    pub(super) started: Config,
    pub(super) shared: Shared,
    pub(super) readiness: Readiness,
    pub(super) store: Store,
    /// This process among all that share the store; another one after each start.
    pub(super) replica: String,
    pub(super) state: ArcSwap<State>,
    /// Held by whoever changes anything, from reading the state to having published the next one.
    pub(super) writer: Mutex<()>,
    /// Held by the one round of retirements that is under way.
    pub(super) retiring: Arc<Mutex<()>>,
    /// Rung when the aliases should be listed without waiting for the next round.
    pub(super) relist: Notify,
}

/// One version of all the control plane knows; the table is built from it.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) plan: Arc<Plan>,
    /// What lasts.
    pub(super) held: Holdings,
    pub(super) listing: Arc<Listing>,
    pub(super) health: ListingHealth,
    /// Of the table.
    pub(super) revision: u64,
    pub(super) reload: Arc<ReloadStatus>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ListingHealth {
    pub(super) succeeded_at: Option<Instant>,
    pub(super) failures: u64,
    /// Of the last listing, when it failed.
    pub(super) error: Option<Arc<str>>,
}

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
        let state = State {
            plan: Arc::new(plan),
            held,
            listing: Arc::default(),
            health: ListingHealth::default(),
            revision: 1,
            reload: Arc::new(ReloadStatus::serving(&loaded.fingerprint)),
        };
        let shared = Arc::new(ArcSwap::from_pointee(state.live(&registry)));
        let (refresh, requests) = Refresh::channel();
        let control = Self(Arc::new(Inner {
            registry,
            started: loaded.config.clone(),
            shared: Arc::clone(&shared),
            readiness: Readiness::default(),
            store,
            replica: format!("replica_{}", Ulid::new()),
            state: ArcSwap::from_pointee(state),
            writer: Mutex::new(()),
            retiring: Arc::default(),
            relist: Notify::new(),
        }));
        let listing = super::refresher::run(control.clone(), requests);
        let following = control.clone().follow(control.changes());
        let stewarding = super::steward::run(control.clone());
        let background = async move {
            tokio::select! {
                () = listing => {}
                () = following => {}
                () = stewarding => {}
            }
        };
        Ok(Parts { control, shared, refresh, background })
    }

    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    /// What the data plane reads right now.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.0.shared.load_full()
    }

    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }
}

impl State {
    /// Nothing can be said before there is a listing.
    pub(super) fn warnings(&self, alias: &str, route: &RouteState) -> Vec<String> {
        if self.health.succeeded_at.is_none() { Vec::new() } else { super::warnings::of_route(alias, route, &self.listing) }
    }

    pub(super) fn live(&self, registry: &Registry) -> Live {
        let ground = super::tables::Ground { plan: &self.plan, listing: &self.listing, held: &self.held, registry };
        Live {
            table: super::tables::build(&ground, self.revision),
            upstreams: self.plan.upstreams.clone(),
            settings: self.plan.settings.clone(),
        }
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
        super::absorb::absorb(&mut routes, &mut absorbed, &plan.routes);
        // Only now: an upstream and the route that needed it may have left the file together.
        check_stored(&routes, plan)?;
        let writes = writes::between(&held, &routes, &absorbed);
        if writes.is_empty() {
            return Ok(held);
        }
        let author = Author::pointsman("the configuration at the start");
        let deed = Deed { action: "routes.configure", subject: "" };
        let change = Change::new(author.did(deed, None, Some(writes::json(&absorbed))), writes);
        attempt += 1;
        match store.commit(change).await {
            Ok(_) => {}
            Err(CommitError::Conflict { .. }) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
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
