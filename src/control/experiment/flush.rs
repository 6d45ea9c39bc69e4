//! Writing down what this process has counted, and putting away what is counted no more.
//!
//! What is held in memory and written every second does not grow with the age of an experiment: a page whose slice is closed
//! is written once more and forgotten, and from then on read from the store, like those of all other replicas.

use std::collections::BTreeSet;

use super::Experiments;
use crate::control::clock;
use crate::control::documents::{Page, Resource, json, scope_of_experiment, scope_of_keys};
use crate::control::engine::ControlError;

impl Experiments {
    /// By every replica, every second or so: what a process that is killed has not written is lost. What fails stays as it
    /// is and is written the next time.
    pub(in crate::control) async fn flush(&self) -> Result<(), ControlError> {
        let (state, now) = (self.engine.state(), clock::now());
        for document in state.documents.experiments.values().filter(|document| document.is_live()) {
            let id = document.experiment.id();
            for page in self.pages_here(id) {
                if let Some(seen) = self.seen_here(document, page) {
                    // Between the look at the counts and their writing, so that there is never a count without its key: who is
                    // killed here may lose a value, and counts none twice.
                    self.write_keys(id).await?;
                    self.engine.store().put_observation(&page.scope(id), self.engine.replica(), &json(&seen)).await?;
                }
                if document.experiment.has_closed(page.slice, now) {
                    self.put_away(id, page);
                }
            }
        }
        self.book.retain(|id| state.documents.experiments.get(id).is_some_and(Resource::is_live));
        Ok(())
    }

    async fn write_keys(&self, id: &str) -> Result<(), ControlError> {
        while let Some(chunk) = self.book.unwritten_keys(id) {
            let scope = format!("{}{}", scope_of_keys(id), chunk.slot);
            self.engine.store().put_observation(&scope, self.engine.replica(), &chunk.body()).await?;
            self.book.wrote_keys(id, &chunk);
        }
        Ok(())
    }

    /// Takes in the idempotency keys that others, and this replica in its earlier lives, have taken. All of them when it
    /// starts, then what is new.
    pub(in crate::control) async fn learn_keys(&self) -> Result<(), ControlError> {
        let state = self.engine.state();
        let since = self.book.heard();
        for document in state.documents.experiments.values().filter(|document| document.is_live()) {
            let scope = scope_of_keys(document.experiment.id());
            for observation in self.engine.store().observations_since(&scope, since).await? {
                if observation.replica != self.engine.replica() && !self.book.learn_keys(&observation.body, observation.at) {
                    let reason = format!("`{scope}` holds no idempotency keys");
                    return Err(ControlError::Observation { replica: observation.replica, reason });
                }
            }
        }
        Ok(())
    }

    fn put_away(&self, id: &str, page: Page) {
        let scope = page.scope(id);
        let _snapshot = self.book.snapshot_lock();
        self.engine.registry().retain_cohorts(|key| !key.starts_with(&scope));
        self.book.drop_page(id, page);
    }

    /// What this process has counted or was told, and has not put away yet.
    pub(super) fn pages_here(&self, id: &str) -> BTreeSet<Page> {
        let counted = self.engine.registry().cohort_keys(&scope_of_experiment(id));
        counted.iter().filter_map(|key| Page::of(id, key)).chain(self.book.pages(id)).collect()
    }

    /// What any replica has written.
    pub(super) async fn pages_stored(&self, id: &str) -> Result<BTreeSet<Page>, ControlError> {
        let scopes = self.engine.store().observed_scopes(&scope_of_experiment(id)).await?;
        Ok(scopes.iter().filter_map(|scope| Page::of(id, scope)).collect())
    }
}
