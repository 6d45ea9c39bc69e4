//! One change on its way: allowed, made of the newest state, audited, committed, visible.
//!
//! Every replica follows the store, and is behind it by as long as a notification takes. A change that an operator asks for
//! catches up first, so it is never refused because this replica had not heard yet; and a resource that is not there is looked
//! for once in the store before the caller is told so.

use std::future::Future;
use std::sync::PoisonError;
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::MutexGuard;

use super::{Action, Caller, ControlError, Engine, Intent, Role, State};
use crate::control::documents::json;
use crate::store::{AuditEntry, Change, CommitError, Fence, IdempotencyKey, NewEvent, Write};

/// So often a change is made again because another replica was faster.
const ATTEMPTS: usize = 8;

/// What goes into the same commit as a rollout's next state.
#[derive(Debug, Default)]
pub(in crate::control) struct CommitExtras {
    pub(in crate::control) writes: Vec<Write>,
    pub(in crate::control) events: Vec<NewEvent>,
}

impl CommitExtras {
    pub(in crate::control) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty()
    }
}

impl From<Vec<Write>> for CommitExtras {
    fn from(writes: Vec<Write>) -> Self {
        Self { writes, events: Vec::new() }
    }
}

/// What one change consists of, before it is committed.
#[derive(Debug, Default)]
pub(in crate::control) struct Draft {
    pub(in crate::control) writes: Vec<Write>,
    pub(in crate::control) events: Vec<NewEvent>,
    pub(super) idempotency: Option<IdempotencyKey>,
    /// The row of the audit log: before and after, and the subject where it is another one than was asked for.
    row: Option<(Option<Value>, Option<Value>)>,
    subject: Option<String>,
    /// Why, where that is known only now.
    reason: Option<String>,
    /// What went wrong, where the row tells of a change that was not made.
    failure: Option<String>,
}

impl Draft {
    pub(in crate::control) fn of(writes: Vec<Write>, events: Vec<NewEvent>) -> Self {
        Self { writes, events, ..Self::default() }
    }

    /// What the audit log says of it.
    pub(in crate::control) fn record(&mut self, before: Option<&(impl Serialize + ?Sized)>, after: Option<&(impl Serialize + ?Sized)>) {
        self.row = Some((before.map(json), after.map(json)));
    }

    /// What it is about, which is known only now.
    pub(in crate::control) fn about(&mut self, subject: &str) {
        self.subject = Some(subject.to_owned());
    }

    /// What the audit log says of a step that Pointsman makes by itself.
    pub(in crate::control) fn record_step(
        &mut self,
        subject: &str,
        reason: impl Into<Option<String>>,
        before: &impl Serialize,
        after: &impl Serialize,
    ) {
        self.about(subject);
        self.reason = reason.into();
        self.record(Some(before), Some(after));
    }

    /// What the audit log says of a step that is about nothing in particular.
    pub(in crate::control) fn record_forgotten(&mut self, reason: String) {
        self.reason = Some(reason);
        self.row = Some((None, None));
    }

    /// The audit row tells of a change that was not made.
    pub(in crate::control) fn that_failed(self, result: String) -> Self {
        Self { failure: Some(result), ..self }
    }

    pub(in crate::control) fn add(&mut self, extras: CommitExtras) {
        self.writes.extend(extras.writes);
        self.events.extend(extras.events);
    }

    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty() && self.row.is_none()
    }
}

/// The right to change something: only its holder does.
pub(in crate::control) struct Writing<'e> {
    engine: &'e Engine,
    intent: Intent,
    /// The controller's writes carry one.
    fence: Option<Fence>,
    /// It is audited in any case.
    audited: bool,
    _lock: MutexGuard<'e, ()>,
}

impl Writing<'_> {
    /// Commits what `make` drafts from the present state, and drafts it again where another replica was faster. An empty draft
    /// commits nothing.
    ///
    /// # Errors
    /// What `make` refuses, and when the change cannot be stored.
    pub(in crate::control) async fn commit<T>(
        &self,
        make: impl Fn(&State, &mut Draft) -> Result<T, ControlError> + Send,
    ) -> Result<T, ControlError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut draft = Draft::default();
            let answer = make(&self.engine.state(), &mut draft)?;
            if draft.is_empty() {
                return Ok(answer);
            }
            match self.engine.commit(self.change(draft)).await {
                // What the others did has been taken over.
                Err(ControlError::Commit(CommitError::Conflict { .. })) if attempt < ATTEMPTS => {}
                outcome => return outcome.map(|()| answer),
            }
        }
    }

    /// Commits a draft that stands on what was looked at before, and on nothing newer.
    ///
    /// # Errors
    /// When the change cannot be stored, or something of it has changed since.
    pub(in crate::control) async fn commit_once(&self, draft: Draft) -> Result<(), ControlError> {
        if draft.is_empty() { Ok(()) } else { self.engine.commit(self.change(draft)).await }
    }

    /// What a person asked for is audited in any case, what Pointsman does by itself where the draft says so.
    fn change(&self, draft: Draft) -> Change {
        let mut intent = self.intent.clone();
        intent.subject = draft.subject.unwrap_or(intent.subject);
        intent.caller = intent.caller.otherwise(draft.reason);
        let audit = match draft.row {
            Some((before, after)) => Some(intent.audited(before, after)),
            None => self.audited.then(|| intent.audited(None, None)),
        };
        let audit = audit.map(|row| AuditEntry { result: draft.failure.unwrap_or_else(|| row.result.clone()), ..row });
        Change { audit, events: draft.events, idempotency: draft.idempotency, fence: self.fence.clone(), ..Change::unaudited(draft.writes) }
    }
}

impl Engine {
    /// Runs a change to its end, also when the caller goes away before, and puts its failure into the audit log: a change cut
    /// short between the store and the table would be found by the follower alone.
    pub(in crate::control) async fn run<T: Send + 'static>(
        &self,
        intent: Intent,
        change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
    ) -> Result<T, ControlError> {
        let engine = self.clone();
        let changing = tokio::spawn(async move {
            let changed = change.await;
            if let Err(error) = &changed {
                engine.record_failure(&intent, error).await;
            }
            changed
        });
        changing.await.unwrap_or(Err(ControlError::Stopping))
    }

    /// Puts a refused change into the audit log, unless there are too many. The caller is told of the refusal in any case.
    async fn record_failure(&self, intent: &Intent, error: &ControlError) {
        let Some(unrecorded) = self.room_for_refused_change() else { return };
        let row = intent.failed(&format!("{error}{unrecorded}"));
        if let Err(lost) = self.store().record_failure(row).await {
            let (action, subject) = (intent.action.name(), &intent.subject);
            tracing::warn!(error = %lost, action, subject, "a refused change could not be put into the audit log");
        }
    }

    /// For what a caller asked for: with all in place that is in the store.
    ///
    /// # Errors
    /// When the caller's role may not, and when the store does not answer: then nothing could be changed either.
    pub(in crate::control) async fn begin(&self, intent: Intent) -> Result<Writing<'_>, ControlError> {
        self.allow(&intent)?;
        let lock = self.0.writer.lock().await;
        self.catch_up().await?;
        Ok(Writing { engine: self, intent, fence: None, audited: true, _lock: lock })
    }

    /// For what begins elsewhere than in the store.
    ///
    /// # Errors
    /// When the caller's role may not.
    pub(in crate::control) fn allow(&self, intent: &Intent) -> Result<(), ControlError> {
        if intent.is_allowed() {
            return Ok(());
        }
        Err(ControlError::Forbidden { role: intent.caller.role.name(), action: intent.action.name() })
    }

    /// Commits the record of what is done already: it was allowed, and it is recorded whatever else is in the store. Under the
    /// controller's lease, where the controller does it for the caller.
    ///
    /// # Errors
    /// When the store does not take it.
    pub(in crate::control) async fn record(&self, intent: Intent, draft: Draft, fence: Option<&Fence>) -> Result<(), ControlError> {
        let lock = self.0.writer.lock().await;
        let writing = Writing { engine: self, intent, fence: fence.cloned(), audited: true, _lock: lock };
        writing.commit_once(draft).await
    }

    /// For a step that the controller makes by itself.
    pub(in crate::control) async fn begin_step(&self, action: Action, fence: &Fence) -> Writing<'_> {
        let lock = self.0.writer.lock().await;
        let intent = Intent::new(action, "", Caller::new("pointsman", Role::Controller));
        Writing { engine: self, intent, fence: Some(fence.clone()), audited: false, _lock: lock }
    }

    /// Commits what is no decision of its own, such as a note about one that was made. Nothing where nothing is written.
    ///
    /// # Errors
    /// When the store does not take it.
    pub(in crate::control) async fn keep(&self, writes: Vec<Write>) -> Result<(), ControlError> {
        if writes.is_empty() {
            return Ok(());
        }
        let _lock = self.0.writer.lock().await;
        self.commit(Change::unaudited(writes)).await
    }

    /// Commits an event that comes with no other change.
    ///
    /// # Errors
    /// When the store does not take it.
    pub(in crate::control) async fn tell(&self, event: NewEvent, fence: Option<Fence>) -> Result<(), ControlError> {
        let _lock = self.0.writer.lock().await;
        self.commit(Change { events: vec![event], fence, ..Change::unaudited(Vec::new()) }).await
    }

    /// Takes over what others have committed by now, for a reader who has found nothing. Readers who come while one looks share
    /// the next look, so that misses cannot keep the store busy.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(in crate::control) async fn look_again(&self) -> Result<(), ControlError> {
        let asked = Instant::now();
        let _lock = self.0.writer.lock().await;
        let looked = *self.0.looked_again.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|began| began >= asked) {
            return Ok(());
        }
        let began = Instant::now();
        self.catch_up().await?;
        *self.0.looked_again.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
        Ok(())
    }

    /// The writer's lock, if it is free: for those who must not run while a table is being built.
    pub(in crate::control) fn try_still(&self) -> Option<MutexGuard<'_, ()>> {
        self.0.writer.try_lock().ok()
    }

    /// The writer's lock alone.
    pub(in crate::control) async fn still(&self) -> MutexGuard<'_, ()> {
        self.0.writer.lock().await
    }

    /// Puts a change into the store as it is.
    #[cfg(test)]
    pub(in crate::control) async fn put(&self, change: Change) -> Result<(), ControlError> {
        let _lock = self.0.writer.lock().await;
        self.commit(change).await
    }
}
