//! What every replica writes down, every second: that it is there, what it uses, and what it has counted.

use super::Control;
use crate::control::documents::{Noun, Resource, json};
use crate::control::engine::ControlError;
use crate::store::{ReplicaReport, StoreError};

impl Control {
    pub(super) async fn report_alive(&self) -> Result<(), StoreError> {
        let mut body = json(&self.retirements.usage_report());
        body["webhooks"] = json(&self.webhooks.last_attempts());
        let report = ReplicaReport {
            id: self.engine.replica().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            applied_revision: self.engine.state().documents.revision,
            body,
        };
        self.engine.store().heartbeat(&report).await?;
        if let Err(error) = self.webhooks.look_at_backlog().await {
            tracing::debug!(%error, "what webhooks are owed could not be looked up");
        }
        if let Err(error) = self.write_down().await {
            tracing::debug!(%error, "what was counted could not be written down; it is tried again");
        }
        Ok(())
    }

    /// What this process has counted, so that others can read it and nothing is lost when it goes; and a look at what others
    /// have, as far as it has to be known everywhere.
    async fn write_down(&self) -> Result<(), ControlError> {
        self.losses.flush_writes(false).await?;
        self.losses.learn_writes().await?;
        for noun in Noun::ALL {
            self.flush(*noun).await?;
        }
        self.forget_counters();
        self.experiments.learn_keys().await
    }

    async fn flush(&self, noun: Noun) -> Result<(), ControlError> {
        match noun {
            Noun::Canary => self.canaries.flush().await,
            Noun::Experiment => self.experiments.flush().await,
            Noun::Shadow => self.shadows.flush().await,
            // Nothing is counted for them.
            Noun::Route | Noun::Deployment | Noun::Retirement => Ok(()),
        }
    }

    /// Lets go of the counters that nothing under way reads any more. Not while a table is being built: it takes its counters
    /// before the state that names them is there.
    pub(in crate::control) fn forget_counters(&self) {
        let Some(_still) = self.engine.try_still() else { return };
        let state = self.engine.state();
        let counted: Vec<String> = state.documents.all().filter_map(Resource::counted_under).collect();
        self.registry().retain_cohorts(|key| counted.iter().any(|scope| key.starts_with(scope.as_str())));
        let compared: Vec<String> = state.documents.all().filter_map(Resource::compared_under).collect();
        self.registry().retain_comparisons(|key| compared.iter().any(|scope| scope == key));
    }

    /// For a replica that goes away in order: the others need not wait for it, and the lease is free at once.
    pub async fn leave(&self) {
        let store = self.engine.store();
        let left = async {
            self.write_down().await?;
            self.losses.flush_writes(true).await?;
            store.release(self.engine.replica()).await?;
            store.forget_replica(self.engine.replica()).await?;
            Ok::<_, ControlError>(())
        };
        if let Err(error) = left.await {
            tracing::warn!(%error, "the store could not be told that this replica leaves");
        }
        store.close().await;
    }
}
