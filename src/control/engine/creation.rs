//! The steps that every creation has in common, in one place: what one noun had and another forgot is not possible any more.
//!
//! ```text
//! to its end, whatever becomes of the caller; a refusal is audited
//! the role may; the same request with the same Idempotency-Key is answered with what it made before
//! prepare: everything that can be found out before the writer's lock (names, schemas, counts)
//! the writer's lock, on the newest state, again where another replica was faster
//! draft: the document, its places, its alias, its first event; the audit row
//! ```

use std::future::Future;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::{Action, Caller, ControlError, Draft, Engine, Intent, State};
use crate::control::documents::{Noun, json};
use crate::store::{CommitError, IdempotencyKey};

/// What a creation is of, and what tells it from others.
#[derive(Clone, Debug)]
pub(in crate::control) struct Creation<R> {
    pub(in crate::control) noun: Noun,
    pub(in crate::control) action: Action,
    /// The new document's.
    pub(in crate::control) id: String,
    /// What lists filter by: the alias, where there is one.
    pub(in crate::control) subject: String,
    /// As it was sent.
    pub(in crate::control) request: R,
    /// The `Idempotency-Key` of the request, if it had one.
    pub(in crate::control) key: Option<String>,
    pub(in crate::control) caller: Caller,
}

/// What is a noun's own about its creation.
pub(in crate::control) trait Steps: Send + 'static {
    type Request: Clone + Serialize + Send + Sync + 'static;
    /// What was found out before the writer's lock.
    type Prepared: Send + Sync;

    /// Refuses what cannot be, before anything is answered.
    fn prepare(&self, creation: &Creation<Self::Request>) -> impl Future<Output = Result<Self::Prepared, ControlError>> + Send;

    /// Everything that is to be committed, made of the newest state. The audit row and the key are added to it.
    fn draft(
        &self,
        creation: &Creation<Self::Request>,
        prepared: &Self::Prepared,
        state: &State,
        draft: &mut Draft,
    ) -> Result<(), ControlError>;
}

impl Engine {
    /// Creates one. Returns the id of what there is now: of the new one, or of the one that the same request made before.
    ///
    /// # Errors
    /// What the noun refuses, when something else has its alias, and when the change cannot be stored.
    pub(in crate::control) async fn create<S: Steps + Sync>(
        &self,
        creation: Creation<S::Request>,
        steps: S,
    ) -> Result<String, ControlError> {
        let intent = Intent::new(creation.action, &creation.subject, creation.caller.clone());
        let engine = self.clone();
        self.run(intent.clone(), async move { engine.create_now(intent, creation, steps).await }).await
    }

    async fn create_now<S: Steps + Sync>(&self, intent: Intent, creation: Creation<S::Request>, steps: S) -> Result<String, ControlError> {
        let key = idempotency_key(&creation);
        if let Some(id) = self.created_before(key.as_ref()).await? {
            return Ok(id);
        }
        let prepared = steps.prepare(&creation).await?;
        let writing = self.begin(intent).await?;
        let created = writing.commit(|state, draft| {
            draft.idempotency.clone_from(&key);
            steps.draft(&creation, &prepared, state, draft)
        });
        if let Err(error) = created.await {
            return replayed(&error).ok_or_else(|| error.occupied(&creation.subject));
        }
        let Creation { noun, id, subject, caller, .. } = creation;
        tracing::info!(id, subject, actor = caller.actor, "{} created", noun.title());
        Ok(id)
    }

    /// The id of what this very request has created before, if it has.
    async fn created_before(&self, key: Option<&IdempotencyKey>) -> Result<Option<String>, ControlError> {
        let Some(key) = key else { return Ok(None) };
        let replay = self.store().replayed(key).await?;
        Ok(replay.and_then(|replay| replay.answer.as_str().map(str::to_owned)))
    }
}

/// With what tells the request from another one that was given the same key.
fn idempotency_key<R: Serialize>(creation: &Creation<R>) -> Option<IdempotencyKey> {
    let key = creation.key.as_ref()?;
    let fingerprint = format!("{:032x}", xxh3_128(json(&creation.request).to_string().as_bytes()));
    Some(IdempotencyKey { key: format!("{}:{key}", creation.noun.name()), fingerprint, answer: json(&creation.id) })
}

/// The id in the error of a commit that turned out to have been made before.
fn replayed(error: &ControlError) -> Option<String> {
    match error {
        ControlError::Commit(CommitError::Replayed(replay)) => replay.answer.as_str().map(str::to_owned),
        _ => None,
    }
}
