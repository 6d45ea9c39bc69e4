//! Changes on their way to the store and back: durable first, then visible (I4), in the same order on every replica.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::author::{Author, Deed};
use super::error::ControlError;
use super::state::{Control, State};
use super::webhooks::announce;
use crate::store::{AuditRow, Change, Changes, CommitError, Delta, Event, Filter, Page, StoreError};

/// The net under notifications: what got lost is found this much later.
const POLL: Duration = Duration::from_millis(500);
/// The same for those who only watch: there may be many.
const NEWS_POLL: Duration = Duration::from_secs(2);

impl Control {
    /// Commits `change` and puts what came of it into the table. Only the holder of the writer's lock calls it.
    ///
    /// # Errors
    /// When the store does not take it; whatever others did meanwhile is in the table then.
    pub(super) async fn commit(&self, mut change: Change) -> Result<(), ControlError> {
        announce(&mut change, &self.plan().webhooks);
        let raised = u64::from(!change.writes.is_empty());
        match self.0.store.commit(change).await {
            Ok(committed) => {
                let state = self.0.state.load_full();
                // In between lies what other replicas did: that comes first.
                if committed.revision > state.held.revision + raised {
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

    /// Runs a change to its end, also when whoever asked goes away meanwhile, and puts its failure into the audit log.
    pub(super) async fn to_its_end<T: Send + 'static>(
        &self,
        action: &'static str,
        subject: String,
        author: Author,
        change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
    ) -> Result<T, ControlError> {
        let control = self.clone();
        let changing = tokio::spawn(async move {
            let changed = change.await;
            if let Err(error) = &changed {
                control.record_failure(&author, Deed { action, subject: &subject }, error).await;
            }
            changed
        });
        changing.await.unwrap_or(Err(ControlError::Stopping))
    }

    /// Puts a refused change into the audit log, unless there are too many. The caller is told of the refusal in any case.
    pub(super) async fn record_failure(&self, author: &Author, deed: Deed<'_>, error: &ControlError) {
        let Some(besides) = self.room_for_refused_change() else { return };
        let error = &format!("{error}{besides}");
        if let Err(lost) = self.0.store.record_failure(author.failed(deed, error)).await {
            tracing::warn!(error = %lost, action = deed.action, subject = deed.subject, "a refused change could not be put into the audit log");
        }
    }

    /// Puts a change of this replica's log level, which no document holds, into the audit log.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn record_log_level(&self, author: &Author, before: &str, after: &str) -> Result<(), ControlError> {
        let deed = Deed { action: "log_level.set", subject: "" };
        let audit = author.did(deed, Some(before.into()), Some(after.into()));
        let _writing = self.0.writer.lock().await;
        self.commit(Change::new(audit, Vec::new())).await
    }

    /// Who did what, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn audit(&self, filter: &Filter) -> Result<Page<AuditRow>, ControlError> {
        Ok(self.0.store.audit(filter).await?)
    }

    /// What has happened, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn events(&self, filter: &Filter) -> Result<Page<Event>, ControlError> {
        Ok(self.0.store.events(filter).await?)
    }

    /// What has happened after the event `id`, oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn events_after(&self, id: u64, limit: u32) -> Result<Vec<Event>, ControlError> {
        Ok(self.0.store.events_after(id, limit).await?)
    }

    /// Wakes its owner when any replica may have made an event.
    #[must_use]
    pub fn news(&self) -> Changes {
        self.0.store.changes(NEWS_POLL)
    }

    /// Takes over what is in the store. Only the holder of the writer's lock calls it.
    pub(super) async fn catch_up(&self) -> Result<(), ControlError> {
        self.take_over(&self.0.state.load_full()).await
    }

    /// Takes over what has changed in the store since this process last looked.
    async fn take_over(&self, state: &State) -> Result<(), ControlError> {
        let delta = self.0.store.changed_since(state.held.revision).await?;
        self.hold(state, delta)
    }

    fn hold(&self, state: &State, delta: Delta) -> Result<(), ControlError> {
        // All of a store that has never been changed is still nothing new.
        if delta.revision == state.held.revision && (!delta.whole || delta.revision == 0) {
            return Ok(());
        }
        let held = state.held.after(delta)?;
        let revision = state.revision + 1;
        // Another replica has moved an alias: until the next listing, writes by it are taken for the old collection's.
        if !Arc::ptr_eq(&held.departures, &state.held.departures) {
            self.0.relist.notify_one();
        }
        tracing::debug!(revision, store_revision = held.revision, "taken over from the store");
        self.publish(State { held, revision, ..State::clone(state) });
        Ok(())
    }

    /// Follows the store for as long as it is polled: what any replica commits is in this one's table soon after. A store
    /// that does not answer leaves the last table in place (I6).
    pub(super) async fn follow(self, mut changes: Changes) {
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
            (None, Some(error)) => tracing::error!(error, "the store is lost: the last table goes on serving, nothing can be changed"),
            (Some(_), None) => tracing::info!("the store answers again"),
            _ => {}
        }
        if before != text {
            self.readiness().set_store_lost(text);
        }
    }

    pub(super) fn changes(&self) -> Changes {
        self.0.store.changes(POLL)
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        Self::Commit(error.into())
    }
}
