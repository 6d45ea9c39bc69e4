//! Values on their way into and out of the database, which knows whole numbers with a sign, and texts.

use serde::de::DeserializeOwned;

use super::error::StoreError;

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
