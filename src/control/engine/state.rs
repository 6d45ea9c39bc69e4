//! One version of all that the control plane knows.

use std::sync::Arc;
use std::time::Instant;

use super::ReloadStatus;
use crate::control::documents::{Documents, RouteDocument};
use crate::control::plan::Plan;
use crate::control::table::{self, TableInputs};
use crate::live::{Capture, Live};
use crate::metrics::Registry;
use crate::qdrant::Listing;

/// The table is built from it.
#[derive(Clone, Debug)]
pub(in crate::control) struct State {
    pub(in crate::control) plan: Arc<Plan>,
    /// What lasts.
    pub(in crate::control) documents: Documents,
    pub(in crate::control) listing: Arc<Listing>,
    pub(in crate::control) health: ListingHealth,
    /// Of the table.
    pub(in crate::control) revision: u64,
    pub(in crate::control) reload: Arc<ReloadStatus>,
    /// What is being recorded here, as long as it is read; of no other replica, and gone with the process.
    pub(in crate::control) captures: Vec<Arc<Capture>>,
}

#[derive(Clone, Debug, Default)]
pub(in crate::control) struct ListingHealth {
    pub(in crate::control) succeeded_at: Option<Instant>,
    pub(in crate::control) failures: u64,
    /// Aliases that pointed elsewhere in one listing than in the one before.
    pub(in crate::control) switches: u64,
    /// Of the last listing, when it failed.
    pub(in crate::control) error: Option<Arc<str>>,
}

impl ListingHealth {
    /// There is a listing, and the last one did not fail: what it lacks is gone.
    pub(in crate::control) fn is_well(&self) -> bool {
        self.succeeded_at.is_some() && self.error.is_none()
    }
}

impl State {
    /// Before there is a listing, all that can be said is why there is none.
    pub(in crate::control) fn warnings(&self, alias: &str, route: &RouteDocument) -> Vec<String> {
        if self.health.succeeded_at.is_some() {
            return table::warnings_of_route(alias, route, &self.listing);
        }
        let failed = |error: &Arc<str>| format!("the route has no effect until the aliases can be listed: {error}");
        self.health.error.iter().map(failed).collect()
    }

    pub(in crate::control) fn live(&self, registry: &Registry) -> Live {
        let inputs =
            TableInputs { plan: &self.plan, listing: &self.listing, documents: &self.documents, captures: &self.captures, registry };
        Live {
            table: table::build(&inputs, self.revision),
            upstreams: self.plan.upstreams.clone(),
            captures: self.captures.clone(),
            settings: self.plan.settings.clone(),
        }
    }
}
