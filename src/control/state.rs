//! The one writer, and what everybody may read.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify};

use super::absorb::{Absorbed, Routes};
use super::error::StartError;
use super::journal::Journal;
use super::reload::ReloadStatus;
use super::{Plan, Readiness, RouteState};
use crate::config::{Config, Loaded};
use crate::live::{Live, Refresh, Shared};
use crate::metrics::Registry;
use crate::qdrant::Listing;

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
    pub(super) state: ArcSwap<State>,
    /// Held by whoever changes anything, from reading the state to having published the next one.
    pub(super) writer: Mutex<Journal>,
    /// Rung when the aliases should be listed without waiting for the next round.
    pub(super) relist: Notify,
}

/// One version of all the control plane knows; the table is built from it.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) routes: Arc<Routes>,
    pub(super) absorbed: Arc<Absorbed>,
    pub(super) listing: Arc<Listing>,
    pub(super) health: ListingHealth,
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
    /// Lists the aliases for as long as it is polled. It ends when every [`Refresh`] is gone.
    pub background: F,
}

impl Control {
    /// Takes up the stored routes and those of the configuration. Reads and writes files: for the start of a process.
    ///
    /// # Errors
    /// When certificates cannot be used, or the journal cannot be read or written, is damaged, or holds a route that this
    /// configuration cannot serve.
    pub fn start(loaded: &Loaded, registry: Arc<Registry>) -> Result<Parts<impl Future<Output = ()> + Send + use<>>, StartError> {
        let plan = Plan::of(&loaded.config, None).map_err(StartError::Plan)?;
        let journal = Journal::new(plan.store.clone());
        let mut next = journal.load()?;
        next.revision += 1;
        let changed = super::absorb::absorb(&mut next.routes, &mut next.absorbed, &plan.routes, next.revision);
        // Only now: an upstream and the route that needed it may have left the file together.
        check_stored(&next.routes, &plan, &journal)?;
        if changed {
            journal.commit(&next)?;
        }
        let state = State {
            plan: Arc::new(plan),
            routes: Arc::new(next.routes),
            absorbed: Arc::new(next.absorbed),
            listing: Arc::default(),
            health: ListingHealth::default(),
            revision: next.revision,
            reload: Arc::new(ReloadStatus::serving(&loaded.fingerprint)),
        };
        let shared = Arc::new(ArcSwap::from_pointee(state.live(&registry)));
        let (refresh, requests) = Refresh::channel();
        let control = Self(Arc::new(Inner {
            registry,
            started: loaded.config.clone(),
            shared: Arc::clone(&shared),
            readiness: Readiness::default(),
            state: ArcSwap::from_pointee(state),
            writer: Mutex::new(journal),
            relist: Notify::new(),
        }));
        let background = super::refresher::run(control.clone(), requests);
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
        let ground = super::tables::Ground { plan: &self.plan, listing: &self.listing, routes: &self.routes, registry };
        Live {
            table: super::tables::build(&ground, self.revision),
            upstreams: self.plan.upstreams.clone(),
            settings: self.plan.settings.clone(),
        }
    }
}

/// The configuration may have changed under the stored routes while nobody looked.
fn check_stored(routes: &Routes, plan: &Plan, journal: &Journal) -> Result<(), StartError> {
    let upstreams = plan.upstream_names();
    for (alias, route) in routes {
        let faults = route.spec.check(&upstreams);
        if !faults.is_empty() {
            let path = journal.path().unwrap_or_default().display().to_string();
            return Err(StartError::Route { alias: alias.clone(), path, faults });
        }
    }
    Ok(())
}
