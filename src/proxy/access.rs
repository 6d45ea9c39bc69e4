//! The access log: off by default, sampled, and without a word of whom the request was for. Written by an observation at its
//! end, so each attempt at a collection has a line of its own.

use http::HeaderValue;

use super::worker::Worker;
use crate::metrics::{Completed, Handles};
use crate::protocol::operations::Operation;
use crate::routing::Target;

/// A client names its requests as it likes; a line of the log stays short.
const LONGEST_ID: usize = 128;

/// What a line says.
pub(super) struct Access<'a> {
    pub(super) target: &'a Target<Handles>,
    pub(super) operation: Option<&'static Operation>,
    /// The client's `x-request-id`.
    pub(super) request_id: Option<&'a HeaderValue>,
    /// Of HTTP, or of gRPC; none where no answer came to an end.
    pub(super) status: Option<u16>,
    pub(super) done: &'a Completed,
}

impl Worker {
    pub(super) fn log_access(&self, access: &Access<'_>) {
        let share = self.access_sample();
        if share <= 0.0 || fastrand::f64() >= share {
            return;
        }
        let Access { target, operation, request_id, status, done } = access;
        tracing::info!(
            target: "access",
            alias = %target.handle.series.key.alias,
            variant = %target.variant,
            upstream = %target.handle.usage.upstream,
            collection = %target.handle.usage.collection,
            operation = operation.map_or("other", |operation| operation.name),
            protocol = done.protocol.label(),
            status,
            outcome = done.outcome.label(),
            request_id = request_id.and_then(shown),
            first_byte_us = done.first_byte_us,
            total_us = done.total_us,
            request_bytes = done.request_bytes,
            response_bytes = done.response_bytes,
            "request"
        );
    }
}

/// Visible ASCII only: what a client writes must not write lines of its own.
fn shown(id: &HeaderValue) -> Option<&str> {
    let id = id.to_str().ok()?;
    Some(&id[..id.len().min(LONGEST_ID)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_client_is_cut_short_and_shown_only_if_it_is_plain_text() {
        let logged = |bytes: &[u8]| shown(&HeaderValue::from_bytes(bytes).expect("a header's value")).map(str::to_owned);
        assert_eq!(logged(b"req-1"), Some("req-1".to_owned()));
        assert_eq!(logged("\u{e9}".as_bytes()), None);
        assert_eq!(logged(&[b'a'; 500]).map(|id| id.len()), Some(LONGEST_ID));
    }
}
