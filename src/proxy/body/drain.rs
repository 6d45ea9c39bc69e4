//! What a client still sends of a request that has been answered.
//!
//! An answer may come before its request is complete: a refusal, mostly. If the connection or stream were closed at that moment,
//! the client would meet a reset while it sends, and many clients then never read the answer. So the rest is taken in and
//! dropped, for a bounded time and amount; what comes after that meets the reset.

use std::rc::Rc;

use http::header::{CONNECTION, HeaderMap, HeaderValue};

use super::ClientBody;
use crate::proxy::deadline::{self, within};

/// More than this is not worth taking in.
const MOST: u64 = 64 * 1024 * 1024;
/// A rest of a known length up to this is taken in to the end, so that the connection can be used again.
const WORTH_KEEPING: u64 = 64 * 1024;

/// Takes leave of a request whose answer has these headers. Where the connection cannot be used again, the client is told.
pub(in crate::proxy) fn leave(client: &Rc<ClientBody>, answer: &mut HeaderMap) {
    if client.is_http1() && must_close(client) {
        answer.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    drain(Rc::clone(client));
}

/// A request whose rest is still sent on while it is answered. Drained when that is over.
pub(in crate::proxy) struct Rest(pub(in crate::proxy) Rc<ClientBody>);

impl Drop for Rest {
    fn drop(&mut self) {
        drain(Rc::clone(&self.0));
    }
}

/// Drops the rest in the background.
fn drain(client: Rc<ClientBody>) {
    // A client that was not told to continue sends nothing.
    if client.has_ended() || client.is_expectant() {
        return;
    }
    tokio::task::spawn_local(async move {
        if within(deadline::DRAIN, client.discard(MOST)).await.is_err() {
            tracing::debug!("a client went on sending a request that was answered; its connection is closed");
        }
    });
}

/// Whether an HTTP/1.1 connection has to be given up after the answer, since too much of the request may still be to come.
fn must_close(client: &ClientBody) -> bool {
    let left = client.length().map(|length| length.saturating_sub(client.bytes()));
    !client.has_ended() && (client.is_expectant() || left.is_none_or(|left| left > WORTH_KEEPING))
}
