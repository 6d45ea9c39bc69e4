//! Sends a request body over a stream, no faster than the upstream accepts it.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;

use super::error::CallError;
use crate::proxy::body::Outgoing;
use crate::proxy::deadline::Silence;
use crate::upstream::h2::Starved;

/// How much of a body is sent without waiting for window: one stream cannot pile up more than this. A renamed message comes
/// in several chunks, and a stream has no window before its connection has been polled.
const AT_ONCE: usize = 64 * 1024;

pub(super) struct Pump {
    stream: SendStream<Bytes>,
    body: Outgoing,
    /// Read from the client, waiting for window.
    waiting: Bytes,
    /// How much more may be sent without waiting.
    at_once: usize,
    done: bool,
    /// The upstream grants no window.
    silence: Silence,
    starved: Starved,
}

impl Pump {
    /// `idle` is how long the upstream may accept nothing of it.
    pub(super) fn new(stream: SendStream<Bytes>, body: Outgoing, starved: Starved, idle: Option<Duration>) -> Self {
        Self { stream, body, waiting: Bytes::new(), at_once: AT_ONCE, done: false, silence: Silence::new(idle), starved }
    }

    /// Ready when the whole body has been handed to the connection.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        while !self.done {
            if !self.waiting.is_empty() {
                ready!(self.poll_waiting(cx))?;
                continue;
            }
            match ready!(self.body.poll_chunk(cx)).map_err(CallError::Client)? {
                Some(chunk) if chunk.len() <= self.at_once => {
                    self.at_once -= chunk.len();
                    self.send(chunk)?;
                }
                Some(chunk) => {
                    self.at_once = 0;
                    self.waiting = chunk;
                }
                None => self.send(Bytes::new())?,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        self.stream.reserve_capacity(self.waiting.len());
        while self.stream.capacity() == 0 {
            let capacity = self.stream.poll_capacity(cx);
            self.starved.set(capacity.is_pending());
            match capacity {
                Poll::Ready(Some(capacity)) => {
                    capacity.map_err(CallError::Broken)?;
                }
                Poll::Ready(None) => return Poll::Ready(Err(CallError::closed())),
                Poll::Pending => return self.silence.poll(cx).map(|()| Err(CallError::Stuck(self.silence.limit()))),
            }
        }
        self.silence.broken();
        let take = self.stream.capacity().min(self.waiting.len());
        let chunk = self.waiting.split_to(take);
        Poll::Ready(self.send(chunk))
    }

    fn send(&mut self, chunk: Bytes) -> Result<(), CallError> {
        // Known to be the last one: saves an empty frame that only marks the end.
        self.done = self.waiting.is_empty() && self.body.is_done();
        self.stream.send_data(chunk, self.done).map_err(CallError::Broken)
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if !self.done {
            self.stream.send_reset(h2::Reason::CANCEL);
        }
    }
}
