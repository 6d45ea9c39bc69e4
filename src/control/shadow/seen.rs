//! What all replicas have compared. Each writes its own under its own key; adding them up is exact.

use super::Shadows;
use crate::control::documents::{ShadowDocument, json};
use crate::control::engine::ControlError;
use crate::stats::shadow::{Findings, Summary};

impl Shadows {
    /// Writes down what this process has compared, for shadows of their own and for canaries: also of what is over, until it is
    /// forgotten, so that the last word is on disk.
    pub(in crate::control) async fn flush(&self) -> Result<(), ControlError> {
        for (key, found) in self.engine.registry().all_comparisons() {
            self.engine.store().put_observation(&key, self.engine.replica(), &json(&found.snapshot())).await?;
        }
        Ok(())
    }

    /// What all replicas have compared under `key`, this one up to now.
    pub(in crate::control) async fn compared(&self, key: &str, alias: &str) -> Result<Summary, ControlError> {
        let here = self.engine.registry().comparisons(key, alias).snapshot();
        self.written(key, here, |replica| replica != self.engine.replica()).await
    }

    /// The same once it is over: as every replica has written it last, this one too.
    pub(in crate::control) async fn compared_before(&self, key: &str) -> Result<Summary, ControlError> {
        self.written(key, Summary::default(), |_| true).await
    }

    async fn written(&self, key: &str, mut all: Summary, whose: impl Fn(&str) -> bool) -> Result<Summary, ControlError> {
        for observation in self.engine.store().observations(key).await?.into_iter().filter(|observation| whose(&observation.replica)) {
            let theirs: Summary = serde_json::from_value(observation.body)
                .map_err(|error| ControlError::Observation { replica: observation.replica, reason: error.to_string() })?;
            all.merge(&theirs);
        }
        Ok(all)
    }

    pub(super) async fn report(&self, document: &ShadowDocument) -> Result<Findings, ControlError> {
        Ok(self.compared(&document.scope(), document.alias()).await?.into())
    }
}
