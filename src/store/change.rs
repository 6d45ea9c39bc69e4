//! What a commit consists of. All of it happens, or nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::Document;
use super::key::Key;
use super::timestamp::Timestamp;

#[derive(Clone, Debug)]
pub struct Change {
    pub writes: Vec<Write>,
    /// None for a change without a decision, such as an evaluation of evidence.
    pub audit: Option<AuditEntry>,
    pub events: Vec<NewEvent>,
    pub outbox: Vec<NewDelivery>,
    /// The controller's writes carry one: a controller that was replaced changes nothing more.
    pub fence: Option<Fence>,
    pub idempotency: Option<IdempotencyKey>,
}

impl Change {
    /// Only what every change has; the rest is empty.
    #[must_use]
    pub fn new(audit: AuditEntry, writes: Vec<Write>) -> Self {
        Self { audit: Some(audit), ..Self::unaudited(writes) }
    }

    /// A change without a decision.
    #[must_use]
    pub fn unaudited(writes: Vec<Write>) -> Self {
        Self { writes, audit: None, events: Vec::new(), outbox: Vec::new(), fence: None, idempotency: None }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    Put { key: Key, body: Value, due_at: Option<Timestamp>, expected: Expected },
    Delete { key: Key, expected: Expected },
}

impl Write {
    /// Writes nothing, and lets nothing of the change happen if there is such a document.
    #[must_use]
    pub const fn none(key: Key) -> Self {
        Self::Delete { key, expected: Expected::Absent }
    }
}

/// What must be there for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing, or nothing any more.
    Absent,
    /// Whatever there is. Deleting what is not there then does nothing.
    Any,
    Revision(u64),
}

/// Who did what to what, and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    pub actor: String,
    pub action: String,
    /// What lists filter by, such as an alias.
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub reason: Option<String>,
    /// `ok`, or what went wrong.
    pub result: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub kind: String,
    pub subject: String,
    pub body: Value,
}

/// A receiver that must be told of an event of the same change, until it has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The receiver's name in the configuration, not its URL, which may change meanwhile.
    pub destination: String,
    /// The place of the event among those of the change.
    pub event: usize,
}

/// The lease under which a controller writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub replica: String,
    pub epoch: u64,
}

/// A request that must be carried out once, however often it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct IdempotencyKey {
    pub key: String,
    /// Tells this request from another one with the same key.
    pub fingerprint: String,
    /// What those who repeat it are given.
    pub answer: Value,
}

/// What was answered to the first of several equal requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub revision: u64,
    pub answer: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The store's, after the change. A change without writes does not raise it.
    pub revision: u64,
    /// As they are now, in the order of the writes.
    pub documents: Vec<Document>,
}
