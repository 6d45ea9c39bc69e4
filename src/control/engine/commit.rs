//! Changes on their way to the store and back: durable first, then visible (I4), in the same order on every replica.

use std::sync::Arc;
use std::time::Duration;

use super::announce::announce;
use super::{Action, Caller, ControlError, Engine, Intent, State};
use crate::store::{Change, Changes, CommitError, Delta, StoreError};

/// Fallback poll interval in case a notification is lost.
const POLL: Duration = Duration::from_millis(500);
/// The same for readers of the event stream, of whom there may be many.
const NEWS_POLL: Duration = Duration::from_secs(2);

impl Engine {
    /// Commits `change` and puts what came of it into the table. Only the holder of the writer's lock calls it.
    ///
    /// # Errors
    /// When the store does not take it; whatever others did meanwhile is in the table then.
    pub(super) async fn commit(&self, mut change: Change) -> Result<(), ControlError> {
        announce(&mut change, &self.plan().webhooks);
        let raised = u64::from(!change.writes.is_empty());
        match self.store().commit(change).await {
            Ok(committed) => {
                let state = self.state();
                // In between lies what other replicas did: that comes first.
                if committed.revision > state.documents.revision + raised {
                    return self.take_over(&state).await;
                }
                self.hold(&state, Delta { revision: committed.revision, whole: false, documents: committed.documents })
            }
            Err(error) => {
                if let CommitError::Conflict { .. } = error {
                    self.catch_up().await?;
                }
                Err(error.into())
            }
        }
    }

    /// Whether the caller may change this replica's log level.
    ///
    /// # Errors
    /// When the caller's role may not.
    pub(in crate::control) fn allow_log_level(&self, caller: &Caller) -> Result<(), ControlError> {
        self.allow(&Intent::new(Action::LogLevelSet, "", caller.clone()))
    }

    /// Puts a change of this replica's log level, which no document holds, into the audit log.
    ///
    /// # Errors
    /// When the caller's role may not change it, or the store does not answer.
    pub(in crate::control) async fn record_log_level(&self, caller: Caller, before: &str, after: &str) -> Result<(), ControlError> {
        let writing = self.begin(Intent::new(Action::LogLevelSet, "", caller)).await?;
        writing
            .commit(|_, draft| {
                draft.record(Some(before), Some(after));
                Ok(())
            })
            .await
    }

    /// Wakes its owner when any replica may have made an event.
    pub(in crate::control) fn news(&self) -> Changes {
        self.store().changes(NEWS_POLL)
    }

    /// Takes over what is in the store. Only the holder of the writer's lock calls it.
    pub(super) async fn catch_up(&self) -> Result<(), ControlError> {
        self.take_over(&self.state()).await
    }

    /// Takes over what has changed in the store since this process last looked.
    async fn take_over(&self, state: &State) -> Result<(), ControlError> {
        let delta = self.store().changed_since(state.documents.revision).await?;
        self.hold(state, delta)
    }

    fn hold(&self, state: &State, delta: Delta) -> Result<(), ControlError> {
        // All of a store that has never been changed is still nothing new.
        if delta.revision == state.documents.revision && (!delta.whole || delta.revision == 0) {
            return Ok(());
        }
        let documents = state.documents.after(delta)?;
        let revision = state.revision + 1;
        // Another replica has moved an alias: until the next listing, writes by it are taken for the old collection's.
        if !Arc::ptr_eq(&documents.departures, &state.documents.departures) {
            self.relist();
        }
        tracing::debug!(revision, store_revision = documents.revision, "taken over from the store");
        self.publish(State { documents, revision, ..State::clone(state) });
        Ok(())
    }

    /// Follows the store for as long as it is polled: what any replica commits is in this one's table soon after. A store
    /// that does not answer leaves the last table in place (I6).
    pub(in crate::control) async fn follow(self, mut changes: Changes) {
        loop {
            changes.next().await;
            let _writing = self.0.writer.lock().await;
            let outcome = self.catch_up().await;
            self.note_store(outcome.as_ref().err());
        }
    }

    /// Remembers whether the store answers; logs when that changes.
    fn note_store(&self, error: Option<&ControlError>) {
        let text = error.map(ToString::to_string);
        let before = self.readiness().store_lost();
        match (&before, &text) {
            (None, Some(error)) => tracing::error!(error, "the store is lost: the last table stays in force, and nothing can be changed"),
            (Some(_), None) => tracing::info!("the store answers again"),
            _ => {}
        }
        if before != text {
            self.readiness().set_store_lost(text);
        }
    }

    pub(in crate::control) fn changes(&self) -> Changes {
        self.store().changes(POLL)
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        Self::Commit(error.into())
    }
}
