//! What all replicas have compared. Each writes its own under its own key; adding them up is exact.

use super::Mirroring;
use crate::control::canary::scope as canary_scope;
use crate::control::document;
use crate::control::error::ControlError;
use crate::control::state::{Control, State};
use crate::stats::shadow::{Findings, Summary};

/// What the names of a shadow comparison's findings begin with.
pub(in crate::control) fn scope_of_all(id: &str) -> String {
    format!("shadow/{id}/")
}

/// Where they are counted.
pub(super) fn key(id: &str) -> String {
    scope_of_all(id)
}

/// Everything that is compared, by its key, and of which alias.
fn live(state: &State) -> impl Iterator<Item = (String, &str)> {
    let shadows = state.held.shadows.values().filter(|mirroring| mirroring.is_live());
    let shadows = shadows.map(|mirroring| (key(mirroring.shadow.id()), mirroring.alias()));
    let canaries = state.held.canaries.values().filter(|running| running.canary.shadow().is_some());
    let canaries = canaries.map(|running| (canary_scope(running), running.canary.plan().spec().alias.as_str()));
    shadows.chain(canaries)
}

impl Control {
    /// Writes down what this process has compared, for shadows of their own and for canaries.
    pub(in crate::control) async fn flush_comparisons(&self) -> Result<(), ControlError> {
        for (key, alias) in live(&self.0.state.load_full()) {
            let found = self.registry().comparisons(&key, alias).snapshot();
            self.0.store.put_observation(&key, &self.0.replica, &document::json(&found)).await?;
        }
        Ok(())
    }

    /// Lets go of what is not compared any more. Never while somebody builds a table: it may have asked for what no state has
    /// yet.
    pub(in crate::control) fn forget_comparisons(&self) {
        let Ok(_writing) = self.0.writer.try_lock() else { return };
        let state = self.0.state.load();
        let live: Vec<String> = live(&state).map(|(key, _)| key).collect();
        self.registry().retain_comparisons(|known| live.iter().any(|key| key == known));
    }

    /// What all replicas have compared under `key`, this one up to now.
    pub(in crate::control) async fn compared(&self, key: &str, alias: &str) -> Result<Summary, ControlError> {
        let mut all = self.registry().comparisons(key, alias).snapshot();
        for observation in self.0.store.observations(key).await? {
            if observation.replica != self.0.replica {
                let theirs: Summary = serde_json::from_value(observation.body)
                    .map_err(|error| ControlError::Observation { replica: observation.replica, reason: error.to_string() })?;
                all.merge(&theirs);
            }
        }
        Ok(all)
    }

    pub(super) async fn shadow_report(&self, mirroring: &Mirroring) -> Result<Findings, ControlError> {
        Ok(self.compared(&key(mirroring.shadow.id()), mirroring.alias()).await?.into())
    }
}
