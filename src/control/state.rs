//! The one writer, and what everybody may read.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify};

use super::deployment::AtWork;
use super::experiment::Book;
use super::holdings::Holdings;
use super::loss::{Book as BookOfWrites, Recent};
use super::reload_status::ReloadStatus;
use super::samples::Samples;
use super::traces::Traces;
use super::webhooks::Board;
use super::{Plan, Readiness, RouteState};
use crate::config::Config;
use crate::live::{Capture, Live, Shared};
use crate::metrics::Registry;
use crate::qdrant::{Listing, Protocol};
use crate::store::Store;

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
    /// Held by the task that changes an alias in Qdrant, from writing down the intent to having recorded it.
    pub(super) moving: Mutex<()>,
    /// When the last look into the store for a reader began.
    pub(super) looked_again: std::sync::Mutex<Option<Instant>>,
    /// Held by the one round of retirements that is under way.
    pub(super) retiring: Arc<Mutex<()>>,
    /// What was reported to this process about experiments.
    pub(super) book: Book,
    /// The writes that other replicas have forwarded.
    pub(super) book_of_writes: BookOfWrites,
    /// And those of all replicas, minute by minute.
    pub(super) recent_writes: Recent,
    /// The deployments this process is working on.
    pub(super) deploying: AtWork,
    /// Rung when the aliases should be listed without waiting for the next round.
    pub(super) relist: Notify,
    /// By which protocol the aliases were listed last.
    pub(super) listed_by: ArcSwap<Protocol>,
    /// What has become of deliveries.
    pub(super) board: Board,
    /// Of what was refused.
    pub(super) traces: Traces,
    /// What was seen every few seconds.
    pub(super) samples: Samples,
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
    /// What is being recorded here, as long as somebody reads it; of no other replica, and gone with the process.
    pub(super) captures: Vec<Arc<Capture>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ListingHealth {
    pub(super) succeeded_at: Option<Instant>,
    pub(super) failures: u64,
    /// Aliases that pointed elsewhere in one listing than in the one before.
    pub(super) switches: u64,
    /// Of the last listing, when it failed.
    pub(super) error: Option<Arc<str>>,
}

impl ListingHealth {
    /// There is a listing, and the last one did not fail: what it lacks is gone.
    pub(super) fn is_well(&self) -> bool {
        self.succeeded_at.is_some() && self.error.is_none()
    }
}

impl Control {
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
    /// Before there is a listing, all that can be said is why there is none.
    pub(super) fn warnings(&self, alias: &str, route: &RouteState) -> Vec<String> {
        if self.health.succeeded_at.is_some() {
            return super::warnings::of_route(alias, route, &self.listing);
        }
        let failed = |error: &Arc<str>| format!("the route has no effect until the aliases can be listed: {error}");
        self.health.error.iter().map(failed).collect()
    }

    pub(super) fn live(&self, registry: &Registry) -> Live {
        let ground =
            super::tables::Ground { plan: &self.plan, listing: &self.listing, held: &self.held, captures: &self.captures, registry };
        Live {
            table: super::tables::build(&ground, self.revision),
            upstreams: self.plan.upstreams.clone(),
            captures: self.captures.clone(),
            settings: self.plan.settings.clone(),
        }
    }
}
