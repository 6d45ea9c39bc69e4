//! HTTP/1.1 to Qdrant's REST port: one exchange over a connection of `upstream`'s pool.
//!
//! Our own client, not hyper's:
//!
//! - The exchange runs in the request's own task, so a request costs no second task, no channel and no wake-up between them.
//! - The head is written directly from the client's headers, so they are neither edited nor cloned and can be sent again.
//! - It is known to the byte whether anything was sent.
//!
//! `httparse` parses what is read from the network; only the chunked coding is our own.

mod body;
mod chunked;
mod error;
mod head;
mod round_trip;

pub(super) use body::AnswerBody;
pub(super) use error::{Cause, ExchangeError};
pub(super) use head::{AnswerHead, Framing, RequestHead};
pub(super) use round_trip::RoundTrip;

/// The parts of this room in [`crate::proxy::parse`].
pub(super) mod parse {
    pub use super::chunked::{Decoder, Malformed, Step};
    pub use super::head::{AnswerHead, BadHead, Delimited, parse as answer_head};
}

#[cfg(test)]
mod tests;
