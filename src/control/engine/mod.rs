//! The one way from a request to a committed change, and what every part of the control plane may read.
//!
//! ```text
//! caller, action   who asks for what, and whether that role may
//! writing          the writer's lock, the newest state, what is to be committed, the audit row
//! creation         the steps that every creation has in common
//! commit           durable first, then visible (I4); following other replicas
//! publish          from a new state to a new table in the workers' hands
//! claims           what a change does to retirements of the collections it leads to
//! references       what leads to a collection
//! names, suitable  what a request names: is it there, and can it be used?
//! comparing        can one collection stand in for another?
//! basis            is what a rollout rests on still there?
//! ```

mod action;
mod announce;
mod aside;
mod basis;
mod caller;
mod claims;
mod commit;
mod comparing;
mod creation;
mod error;
mod expected;
mod names;
mod publish;
mod readiness;
mod references;
mod refusals;
mod reload_status;
mod replicas;
mod state;
mod suitable;
mod traces;
mod writing;

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify};
use ulid::Ulid;

use self::traces::Traces;
use super::plan::Plan;
use crate::config::Config;
use crate::live::{Live, Shared};
use crate::metrics::Registry;
use crate::qdrant::Protocol;
use crate::store::Store;

pub(in crate::control) use action::Action;
#[cfg(test)]
pub(in crate::control) use announce::announce;
pub use aside::aside;
pub(in crate::control) use caller::Intent;
pub use caller::{Caller, Role};
pub(in crate::control) use comparing::{Compared, may_move, unread};
pub(in crate::control) use creation::{Creation, Steps};
pub use error::ControlError;
pub(in crate::control) use error::{UnknownName, joined};
pub use expected::Expected;
pub(in crate::control) use names::{Named, known, known_alias};
pub use readiness::{NotReady, Readiness};
pub use reload_status::ReloadStatus;
pub(in crate::control) use replicas::is_live;
pub(in crate::control) use state::{ListingHealth, State};
pub(in crate::control) use suitable::{same_schema, served};
pub(in crate::control) use writing::{CommitExtras, Draft};

/// What every part of the control plane works on; clones are the same engine.
#[derive(Clone, Debug)]
pub(in crate::control) struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Arc<Registry>,
    /// What the process was started with; some keys stay as they were then.
    started: Config,
    shared: Shared,
    readiness: Readiness,
    store: Store,
    /// This process among all that share the store; another one after each start.
    replica: String,
    state: ArcSwap<State>,
    /// Held from reading the state to having published the next one.
    writer: Mutex<()>,
    /// Held by the task that changes an alias in Qdrant, from writing down the intent to having recorded it.
    moving: Mutex<()>,
    /// When the last look into the store for a reader began.
    looked_again: std::sync::Mutex<Option<Instant>>,
    /// Wakes the listing loop before its next round.
    relist: Notify,
    /// By which protocol the aliases were listed last.
    listed_by: ArcSwap<Protocol>,
    /// Of what was refused.
    traces: Traces,
}

impl Engine {
    pub(in crate::control) fn new(registry: Arc<Registry>, started: Config, store: Store, state: State) -> (Self, Shared) {
        let shared = Arc::new(ArcSwap::from_pointee(state.live(&registry)));
        let engine = Self(Arc::new(Inner {
            registry,
            started,
            shared: Arc::clone(&shared),
            readiness: Readiness::default(),
            store,
            replica: format!("replica_{}", Ulid::generate()),
            state: ArcSwap::from_pointee(state),
            writer: Mutex::new(()),
            moving: Mutex::new(()),
            looked_again: std::sync::Mutex::default(),
            relist: Notify::new(),
            listed_by: ArcSwap::default(),
            traces: Traces::default(),
        }));
        (engine, shared)
    }

    pub(in crate::control) fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    pub(in crate::control) fn started(&self) -> &Config {
        &self.0.started
    }

    /// What the data plane reads right now.
    pub(in crate::control) fn live(&self) -> Arc<Live> {
        self.0.shared.load_full()
    }

    pub(in crate::control) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(in crate::control) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(in crate::control) fn replica(&self) -> &str {
        &self.0.replica
    }

    /// The newest version of all that is known.
    pub(in crate::control) fn state(&self) -> Arc<State> {
        self.0.state.load_full()
    }

    pub(in crate::control) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.0.state.load().plan)
    }

    /// Held by the task that changes an alias in Qdrant.
    pub(in crate::control) fn moving(&self) -> &Mutex<()> {
        &self.0.moving
    }

    /// Has the aliases listed without waiting for the next round.
    pub(in crate::control) fn relist(&self) {
        self.0.relist.notify_one();
    }

    /// Returns when a caller asked for a listing ahead of the schedule.
    pub(in crate::control) async fn relist_asked(&self) {
        self.0.relist.notified().await;
    }

    pub(in crate::control) fn listed_by(&self) -> Protocol {
        **self.0.listed_by.load()
    }

    /// Returns the protocol before.
    pub(in crate::control) fn set_listed_by(&self, protocol: Protocol) -> Protocol {
        *self.0.listed_by.swap(Arc::new(protocol))
    }
}
