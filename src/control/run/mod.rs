//! What runs the control plane: its start, the leader's round, the listing of aliases, reloads, and what is shown of it.
//!
//! ```text
//! start      from a configuration to a control plane     leader     what the holder of the lease does
//! listing    keeps the table's names true                heartbeat  what every replica writes down
//! reload     a new configuration under live traffic      gc         what has ended, and when it goes
//! status     the whole process on one page               gauges     for a scrape
//! lease      who leads, told once                    samples    what was seen every few seconds
//! under_way  everything under way on one list         attention  what needs a person
//! traffic    by alias, variant and collection
//! ```

mod attention;
mod gauges;
mod gc;
mod heartbeat;
mod leader;
mod lease;
mod listing;
mod parts;
mod reload;
mod samples;
mod start;
mod status;
mod traffic;
mod under_way;

use std::net::IpAddr;
use std::sync::Arc;

use super::alias::Aliases;
use super::canary::Canaries;
use super::capture::Captures;
use super::deployment::Deployments;
use super::documents::Unreadable;
use super::engine::{Caller, ControlError, Engine, Readiness, joined};
use super::experiment::Experiments;
use super::handover::Handovers;
use super::kill_switch::KillSwitches;
use super::loss::Losses;
use super::plan::{Plan, PlanFault};
use super::retirement::Retirements;
use super::route::Routes;
use super::shadow::Shadows;
use super::token_key::TokenKeyring;
use super::webhook::Webhooks;
use crate::live::{Live, Refresh, Shared};
use crate::metrics::{Refusal, Registry};
use crate::routing::SpecFault;
use crate::store::{AuditRow, Changes, CommitError, Event, Filter, OpenError, Page, StoreError};

pub use status::Status;

use samples::Samples;

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

/// The control plane: one handle for each noun. Clones are the same control plane.
#[derive(Clone, Debug)]
pub struct Control {
    pub(super) engine: Engine,
    pub(super) losses: Losses,
    /// What was seen every few seconds.
    samples: Arc<Samples>,
    pub aliases: Aliases,
    pub canaries: Canaries,
    pub captures: Captures,
    pub deployments: Deployments,
    pub experiments: Experiments,
    pub handovers: Handovers,
    pub kill_switch: KillSwitches,
    pub retirements: Retirements,
    pub routes: Routes,
    pub shadows: Shadows,
    pub token_key: TokenKeyring,
    pub webhooks: Webhooks,
}

impl Control {
    fn new(engine: Engine) -> Self {
        let losses = Losses::new(engine.clone());
        let shadows = Shadows::new(engine.clone());
        let canaries = Canaries::new(engine.clone(), losses.clone(), shadows.clone());
        let deployments = Deployments::new(engine.clone(), losses.clone(), canaries.clone());
        let experiments = Experiments::new(engine.clone(), losses.clone());
        let aliases = Aliases::new(engine.clone(), losses.clone(), canaries.clone(), deployments.clone(), experiments.clone());
        Self {
            captures: Captures::new(engine.clone()),
            handovers: Handovers::new(engine.clone(), losses.clone(), experiments.clone(), canaries.clone(), aliases.clone()),
            kill_switch: KillSwitches::new(engine.clone(), canaries.clone()),
            retirements: Retirements::new(engine.clone(), losses.clone()),
            routes: Routes::new(engine.clone()),
            token_key: TokenKeyring::new(engine.clone()),
            webhooks: Webhooks::new(engine.clone()),
            losses,
            samples: Arc::default(),
            aliases,
            canaries,
            deployments,
            experiments,
            shadows,
            engine,
        }
    }

    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        self.engine.registry()
    }

    /// What the data plane reads right now.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.engine.live()
    }

    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        self.engine.readiness()
    }

    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        self.engine.plan()
    }

    /// A request to the admin API was turned away before it was looked at.
    pub fn turned_away(&self, refusal: Refusal, from: Option<IpAddr>) {
        self.engine.turned_away(refusal, from);
    }

    /// Takes over what others have committed by now, for a reader who has found nothing.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn look_again(&self) -> Result<(), ControlError> {
        self.engine.look_again().await
    }

    /// Whether the caller may change this replica's log level.
    ///
    /// # Errors
    /// When his role may not.
    pub fn allow_log_level(&self, caller: &Caller) -> Result<(), ControlError> {
        self.engine.allow_log_level(caller)
    }

    /// Puts a change of this replica's log level, which no document holds, into the audit log.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn record_log_level(&self, caller: Caller, before: &str, after: &str) -> Result<(), ControlError> {
        self.engine.record_log_level(caller, before, after).await
    }

    /// Who did what, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn audit(&self, filter: &Filter) -> Result<Page<AuditRow>, ControlError> {
        Ok(self.engine.store().audit(filter).await?)
    }

    /// What has happened, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn events(&self, filter: &Filter) -> Result<Page<Event>, ControlError> {
        Ok(self.engine.store().events(filter).await?)
    }

    /// What has happened after the event `id`, oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn events_after(&self, id: u64, limit: u32) -> Result<Vec<Event>, ControlError> {
        Ok(self.engine.store().events_after(id, limit).await?)
    }

    /// Wakes its owner when any replica may have made an event.
    #[must_use]
    pub fn news(&self) -> Changes {
        self.engine.news()
    }
}

/// Why the control plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{}", joined(.0))]
    Plan(Vec<PlanFault>),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A route came back that this configuration cannot serve.
    #[error("the stored route of `{alias}` does not fit the configuration: {}; correct the configuration, or the route in an export of {store}", joined(.faults))]
    Route { alias: String, store: String, faults: Vec<SpecFault> },
}
