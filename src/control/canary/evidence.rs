//! Evidence: what every replica counts, written where all can read it, and read together by the controller.

use super::Canaries;
use super::guards::judge;
use super::observed::Observed;
use super::readings::Readings;
use crate::control::clock;
use crate::control::documents::{CanaryDocument, json};
use crate::control::engine::ControlError;
use crate::rollout::{Evidence, Measurement};

impl Canaries {
    /// Writes down what this process has counted for each canary. By every replica, every second or so: what a process
    /// that is killed has not written is not missed, since shares of what was counted are compared, not sums.
    pub(in crate::control) async fn flush(&self) -> Result<(), ControlError> {
        let state = self.engine.state();
        for document in state.documents.canaries.values().filter(|document| document.is_counting()) {
            let seen = json(&Observed::here(self.engine.registry(), document));
            self.engine.store().put_observation(&document.scope(), self.engine.replica(), &seen).await?;
        }
        Ok(())
    }

    /// What is known about a canary now.
    pub(super) async fn evidence(&self, document: &CanaryDocument, readings: &Readings) -> Evidence {
        let measured = match document.canary.shadow() {
            Some(stage) => self.comparison(document, stage).await,
            None => self.observed(document).await.map(|seen| measurement(document, &seen, readings)),
        };
        let (counted, uncounted) = match self.losses.counted().await {
            Ok(counted) => (counted, None),
            Err(error) => (self.losses.counted_lately(), Some(error.to_string())),
        };
        Evidence {
            applied: self.engine.is_applied(document.revision).await,
            frozen: self.engine.plan().frozen(clock::now()),
            basis: self.engine.stands(document.canary.basis()).await,
            measured: measured.map_err(|error| error.to_string()),
            counted,
            uncounted,
        }
    }

    /// The current window as all replicas have seen it, this one up to now.
    pub(super) async fn observed(&self, document: &CanaryDocument) -> Result<Observed, ControlError> {
        let mut all = if document.is_counting() { Observed::here(self.engine.registry(), document) } else { Observed::default() };
        for observation in self.engine.store().observations(&document.scope()).await? {
            if observation.replica != self.engine.replica() {
                let theirs = serde_json::from_value(observation.body)
                    .map_err(|error| ControlError::Observation { replica: observation.replica, reason: error.to_string() })?;
                all.add(&theirs);
            }
        }
        Ok(all)
    }
}

fn measurement(document: &CanaryDocument, seen: &Observed, readings: &Readings) -> Measurement {
    Measurement {
        window: document.canary.window(),
        canary: seen.canary.numbers(),
        control: seen.control.numbers(),
        evaluations: judge(document, seen, readings),
        comparison: None,
    }
}
