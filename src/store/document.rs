//! Documents: all that lasts, under a kind and an id. What their bodies mean is the caller's business.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::StoreError;
use super::rows;
use super::timestamp::Timestamp;

/// What sort of thing a document is, such as `route`. Callers name theirs once, as constants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(Cow<'static, str>);

impl Kind {
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of a document; one that was deleted may be put again under the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub kind: Kind,
    pub id: String,
}

impl Key {
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.kind, self.id)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    #[serde(flatten)]
    pub key: Key,
    /// Of the commit that last touched it; its ETag.
    pub revision: u64,
    /// When somebody should look at it again.
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

/// Kind, id, revision, due time, body: as every query that reads documents selects them.
pub(super) type Columns = (String, String, i64, Option<i64>, Option<String>);

pub(super) fn from_columns((kind, id, revision, due_at, body): Columns) -> Result<Document, StoreError> {
    let key = Key::new(Kind(kind.into()), id);
    let body = body.map(|text| rows::json(&text, || format!("document {key}"))).transpose()?;
    Ok(Document { key, revision: rows::count(revision), due_at: due_at.map(Timestamp::from_millis), body })
}
