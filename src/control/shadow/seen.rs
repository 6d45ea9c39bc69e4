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

/// Everything that is compared, by its key.
fn live(state: &State) -> impl Iterator<Item = String> {
    let shadows = state.held.shadows.values().filter(|mirroring| mirroring.is_live());
    let canaries = state.held.canaries.values().filter(|running| running.canary.shadow().is_some());
    shadows.map(|mirroring| key(mirroring.shadow.id())).chain(canaries.map(canary_scope))
}

impl Control {
    /// Writes down what this process has compared, for shadows of their own and for canaries: also of what is over, until it is
    /// forgotten, so that the last word is on disk.
    pub(in crate::control) async fn flush_comparisons(&self) -> Result<(), ControlError> {
        for (key, found) in self.registry().all_comparisons() {
            self.0.store.put_observation(&key, &self.0.replica, &document::json(&found.snapshot())).await?;
        }
        Ok(())
    }

    /// Lets go of what is not compared any more. Never while somebody builds a table: it may have asked for what no state has
    /// yet.
    pub(in crate::control) fn forget_comparisons(&self) {
        let Ok(_writing) = self.0.writer.try_lock() else { return };
        let state = self.0.state.load();
        let live: Vec<String> = live(&state).collect();
        self.registry().retain_comparisons(|known| live.iter().any(|key| key == known));
    }

    /// What all replicas have compared under `key`, this one up to now.
    pub(in crate::control) async fn compared(&self, key: &str, alias: &str) -> Result<Summary, ControlError> {
        let here = self.registry().comparisons(key, alias).snapshot();
        self.written(key, here, |replica| replica != self.0.replica).await
    }

    /// The same once it is over: as every replica has written it last, this one too.
    pub(in crate::control) async fn compared_before(&self, key: &str) -> Result<Summary, ControlError> {
        self.written(key, Summary::default(), |_| true).await
    }

    async fn written(&self, key: &str, mut all: Summary, whose: impl Fn(&str) -> bool) -> Result<Summary, ControlError> {
        for observation in self.0.store.observations(key).await?.into_iter().filter(|observation| whose(&observation.replica)) {
            let theirs: Summary = serde_json::from_value(observation.body)
                .map_err(|error| ControlError::Observation { replica: observation.replica, reason: error.to_string() })?;
            all.merge(&theirs);
        }
        Ok(all)
    }

    pub(super) async fn shadow_report(&self, mirroring: &Mirroring) -> Result<Findings, ControlError> {
        Ok(self.compared(&key(mirroring.shadow.id()), mirroring.alias()).await?.into())
    }
}
