//! Values on their way into and out of the database, which knows whole numbers with a sign, and texts.

use serde::de::DeserializeOwned;

use super::document::Document;
use super::error::StoreError;
use super::key::{Key, Kind};
use super::timestamp::Timestamp;

pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The database never holds a negative one.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn json<T: DeserializeOwned>(text: &str, place: impl FnOnce() -> String) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable { place: place(), reason: error.to_string() })
}

/// Free text without the one character PostgreSQL cannot keep.
pub(super) fn text(free: &str) -> String {
    free.replace('\0', "\u{fffd}")
}

/// Kind, id, revision, due time, body: as every query that reads documents selects them.
pub(super) type Columns = (String, String, i64, Option<i64>, Option<String>);

pub(super) fn document((kind, id, revision, due_at, body): Columns) -> Result<Document, StoreError> {
    let key = Key::new(Kind::stored(kind), id);
    let body = body.map(|text| json(&text, || format!("document {key}"))).transpose()?;
    Ok(Document { key, revision: count(revision), due_at: due_at.map(Timestamp::from_millis), body })
}
