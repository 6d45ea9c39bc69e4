//! Writing down what this process has counted, and putting away what is counted no more.
//!
//! What is held in memory and written every second does not grow with the age of an experiment: a page whose slice is closed
//! is written once more and forgotten, and from then on read from the store, like those of everybody else.

use super::pages::{Page, scope_of_keys};
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::control::{clock, document};

impl Control {
    /// By every replica, every second or so: what a process that is killed has not written is lost. What fails stays as it
    /// is and is written the next time.
    pub(in crate::control) async fn flush_experiments(&self) -> Result<(), ControlError> {
        let (state, now) = (self.0.state.load_full(), clock::now());
        for trial in state.held.experiments.values().filter(|trial| trial.is_live()) {
            let id = trial.experiment.id();
            for page in self.pages_here(id) {
                if let Some(seen) = self.seen_here(trial, page) {
                    // Between the look at the counts and their writing, so that there is never a count without its key: who is
                    // killed here may lose a value, and counts none twice.
                    self.write_keys(id).await?;
                    self.0.store.put_observation(&page.scope(id), &self.0.replica, &document::json(&seen)).await?;
                }
                if trial.experiment.has_closed(page.slice, now) {
                    self.put_away(id, page);
                }
            }
        }
        self.0.book.retain(|id| state.held.experiments.get(id).is_some_and(super::Trial::is_live));
        Ok(())
    }

    async fn write_keys(&self, id: &str) -> Result<(), ControlError> {
        while let Some(chunk) = self.0.book.unwritten_keys(id) {
            let scope = format!("{}{}", scope_of_keys(id), chunk.slot);
            self.0.store.put_observation(&scope, &self.0.replica, &chunk.body()).await?;
            self.0.book.wrote_keys(id, &chunk);
        }
        Ok(())
    }

    /// Takes in the idempotency keys that others, and this replica in its earlier lives, have taken. All of them when it
    /// starts, then what is new.
    pub(in crate::control) async fn learn_keys(&self) -> Result<(), ControlError> {
        let state = self.0.state.load_full();
        let since = self.0.book.heard();
        for trial in state.held.experiments.values().filter(|trial| trial.is_live()) {
            let scope = scope_of_keys(trial.experiment.id());
            for observation in self.0.store.observations_since(&scope, since).await? {
                if observation.replica != self.0.replica && !self.0.book.learn_keys(&observation.body, observation.at) {
                    let reason = format!("`{scope}` holds no idempotency keys");
                    return Err(ControlError::Observation { replica: observation.replica, reason });
                }
            }
        }
        Ok(())
    }

    fn put_away(&self, id: &str, page: Page) {
        let scope = page.scope(id);
        let _turn = self.0.book.turn();
        self.registry().retain_cohorts(|key| !key.starts_with(&scope));
        self.0.book.tear_out(id, page);
    }
}
