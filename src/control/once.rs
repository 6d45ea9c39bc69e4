//! Creations that are carried out once, however often they are sent.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::document;
use super::error::ControlError;
use super::state::Control;
use crate::store::{CommitError, IdempotencyKey};

/// The key of a request, with what tells it from another request that was given the same.
pub(super) fn key<T: Serialize>(key: Option<&str>, kind: &str, request: &T, id: &str) -> Option<IdempotencyKey> {
    let fingerprint = format!("{:032x}", xxh3_128(document::json(request).to_string().as_bytes()));
    key.map(|key| IdempotencyKey { key: format!("{kind}:{key}"), fingerprint, answer: document::json(&id) })
}

impl Control {
    /// The id of what this very request has created before, if it has.
    pub(super) async fn created_before(&self, key: Option<&IdempotencyKey>) -> Result<Option<String>, ControlError> {
        let Some(key) = key else { return Ok(None) };
        let replay = self.0.store.replayed(key).await?;
        Ok(replay.and_then(|replay| replay.answer.as_str().map(str::to_owned)))
    }
}

/// The id in the error of a commit that turned out to have been made before.
pub(super) fn replayed(error: &ControlError) -> Option<String> {
    match error {
        ControlError::Commit(CommitError::Replayed(replay)) => replay.answer.as_str().map(str::to_owned),
        _ => None,
    }
}
