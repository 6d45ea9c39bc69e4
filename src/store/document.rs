//! Documents: all that lasts, under a kind and an id. What their bodies mean is the caller's business.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::key::Key;
use super::timestamp::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    #[serde(flatten)]
    pub key: Key,
    /// Of the commit that last touched it; its ETag.
    pub revision: u64,
    /// When the leader should look at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// `None` is a tombstone: the document was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub body: Option<Value>,
}

/// A body that is `null` is a body all the same.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Document {
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.body.is_none()
    }
}

/// What a replica has to take over to be at `revision`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    pub revision: u64,
    /// These are all there are: whatever is not among them is gone.
    pub whole: bool,
    /// By growing revision.
    pub documents: Vec<Document>,
}
