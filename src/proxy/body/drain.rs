//! Reads the rest of a request that has already been answered.
//!
//! An answer may come before its request is complete; usually it is a refusal. If Pointsman closed the connection or stream
//! at that moment, the client would get a reset while it sends, and many clients then never read the answer. So the rest is
//! read and dropped, for a bounded time and amount; after that the client gets the reset.

use std::rc::Rc;

use http::header::{CONNECTION, HeaderMap, HeaderValue};

use super::ClientBody;
use crate::proxy::deadline::{self, within};

/// The maximum to read and drop.
const MOST: u64 = 64 * 1024 * 1024;
/// A rest of known length up to this is read to the end, so that the connection can be reused.
const WORTH_KEEPING: u64 = 64 * 1024;

/// Handles the rest of a request whose answer has these headers. If the connection cannot be reused, the headers tell the
/// client.
pub(in crate::proxy) fn leave(client: &Rc<ClientBody>, answer: &mut HeaderMap) {
    if client.is_http1() && must_close(client) {
        answer.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    drain(Rc::clone(client));
}

/// A request whose rest is still forwarded while it is answered. Drained when that is over.
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

/// Whether an HTTP/1.1 connection must close after the answer, because too much of the request may be missing.
fn must_close(client: &ClientBody) -> bool {
    let left = client.length().map(|length| length.saturating_sub(client.bytes()));
    !client.has_ended() && (client.is_expectant() || left.is_none_or(|left| left > WORTH_KEEPING))
}
