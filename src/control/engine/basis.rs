//! Whether what a rollout rests on is still there, by the newest listing. Called at every look of the controller.

use std::time::Duration;

use super::Engine;
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout::{Basis, BasisFault};

/// Between two listings that have to agree before a rollout ends: a member of a cluster may lag behind the others.
const CONFIRMATION: Duration = Duration::from_millis(500);
/// The controller has a lease to keep.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// The listing that is there says that all is well, or fresh ones have to say twice that it is not: the one that is there may
    /// be older than what the rollout itself has changed.
    pub(in crate::control) async fn stands(&self, basis: Option<Basis<'_>>) -> Result<(), BasisFault> {
        let Some(basis) = basis else { return Ok(()) };
        let state = self.state();
        if let Some(error) = &state.health.error {
            return Err(BasisFault::Unknown(error.to_string()));
        }
        if basis.check(&state.listing).is_ok() {
            return Ok(());
        }
        let late = || Err(BasisFault::Unknown(format!("no listing within {} s", PATIENCE.as_secs())));
        tokio::time::timeout(PATIENCE, self.confirmed(&basis)).await.unwrap_or_else(|_| late())
    }

    async fn confirmed(&self, basis: &Basis<'_>) -> Result<(), BasisFault> {
        let first = self.fresh(basis).await;
        if matches!(first, Ok(()) | Err(BasisFault::Unknown(_))) {
            return first;
        }
        tokio::time::sleep(CONFIRMATION).await;
        self.fresh(basis).await
    }

    /// By a listing that begins now, and that the table takes over.
    async fn fresh(&self, basis: &Basis<'_>) -> Result<(), BasisFault> {
        let plan = self.plan();
        let client = plan.client(DEFAULT_UPSTREAM).map_err(|failure| BasisFault::Unknown(failure.to_string()))?;
        let outcome = client.list().await;
        self.take_listing(&plan, &outcome).await;
        let listing = outcome.map_err(|failed| BasisFault::Unknown(failed.to_string()))?;
        basis.check(&listing)
    }
}
