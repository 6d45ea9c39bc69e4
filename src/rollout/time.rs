//! Lengths of time as this room counts them. It has no clock: the caller passes the time.

use std::time::Duration;

/// A length in whole milliseconds.
pub(super) fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
