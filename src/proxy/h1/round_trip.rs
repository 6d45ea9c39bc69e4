//! One request and the head of its answer, over one connection, in the caller's own task.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::Method;
use tokio::io::AsyncWrite;

use super::chunked;
use super::error::{Cause, ExchangeError};
use super::head::{self, AnswerHead, BadHead, Framing, Heard};
use crate::proxy::body::Outgoing;
use crate::proxy::deadline::{CONTINUE, Silence};
use crate::upstream::h1::Connection;

/// How many pieces one system call writes. A head and its body are two; a chunk has three.
const PIECES: usize = 8;
/// Larger heads are refused.
const MAX_HEAD: usize = 128 * 1024;

/// A request that is being sent.
pub(in crate::proxy) struct RoundTrip<'c> {
    connection: &'c mut Connection,
    method: &'c Method,
    framing: Framing,
    body: Outgoing,
    queue: VecDeque<Bytes>,
    body_done: bool,
    flushed: bool,
    sent_any: bool,
    /// The client waits for `100 Continue`, and the upstream has not sent it yet. Ends when the upstream takes too long.
    held_back: Option<Silence>,
}

impl<'c> RoundTrip<'c> {
    pub(in crate::proxy) fn new(connection: &'c mut Connection, method: &'c Method, head: Bytes, framing: Framing, body: Outgoing) -> Self {
        let body_done = matches!(framing, Framing::None | Framing::Length(0));
        let held_back = body.is_expectant().then(|| Silence::new(Some(CONTINUE)));
        Self { connection, method, framing, body, queue: VecDeque::from([head]), body_done, flushed: false, sent_any: false, held_back }
    }

    /// Sends the request and waits for the head of the answer. An answer that comes before the request is complete ends the
    /// sending; the connection is then not reused.
    pub(in crate::proxy) async fn run(mut self) -> Result<AnswerHead, ExchangeError> {
        let head = std::future::poll_fn(|cx| self.poll(cx)).await;
        head.map_err(|cause| ExchangeError { unsent: !self.sent_any, cause })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<AnswerHead, Cause>> {
        loop {
            let sending = self.poll_send(cx);
            // An upstream that refuses a request answers first and then closes: its answer matters more than the broken
            // pipe.
            return match self.poll_head(cx) {
                Poll::Ready(Ok(Heard::Interim)) => {
                    // Of the interim answers only 100 concerns the body, and an upstream that sends any is ready to read it.
                    self.held_back = None;
                    continue;
                }
                Poll::Ready(Ok(Heard::Final(mut head))) => {
                    head.keep_alive &= self.is_sent();
                    Poll::Ready(Ok(head))
                }
                Poll::Ready(Err(cause)) => Poll::Ready(Err(cause)),
                Poll::Pending => match sending {
                    Poll::Ready(Err(cause)) if !self.sent_any || cause.is_final() => Poll::Ready(Err(cause)),
                    _ => Poll::Pending,
                },
            };
        }
    }

    fn is_sent(&self) -> bool {
        self.body_done && self.queue.is_empty()
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        loop {
            // The first chunk has usually arrived: polled before writing, it shares the head's system call.
            if !self.body_done && self.queue.len() < PIECES && self.may_send_body(cx) {
                match self.body.poll_chunk(cx) {
                    Poll::Ready(Ok(chunk)) => {
                        self.enqueue(chunk);
                        continue;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(Cause::Client(error))),
                    Poll::Pending if self.queue.is_empty() => return Poll::Pending,
                    Poll::Pending => {}
                }
            }
            if self.queue.is_empty() {
                return self.poll_flush(cx);
            }
            ready!(self.poll_write(cx)).map_err(Cause::Broken)?;
        }
    }

    fn may_send_body(&mut self, cx: &mut Context<'_>) -> bool {
        self.held_back.take_if(|wait| wait.poll(cx).is_ready());
        self.held_back.is_none()
    }

    fn enqueue(&mut self, chunk: Option<Bytes>) {
        self.flushed = false;
        match (chunk, self.framing) {
            (Some(chunk), Framing::Chunked) => {
                let (before, after) = chunked::frame(chunk.len());
                self.queue.extend([before, chunk, after]);
            }
            (Some(chunk), _) => self.queue.push_back(chunk),
            (None, Framing::Chunked) => {
                self.queue.push_back(Bytes::from_static(chunked::LAST_CHUNK));
                self.body_done = true;
            }
            (None, _) => self.body_done = true,
        }
        if self.framing != Framing::Chunked && self.body.is_done() {
            self.body_done = true;
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let used = self.queue.len().min(PIECES);
        for (slice, piece) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(piece);
        }
        let mut written = ready!(Pin::new(&mut self.connection.io).poll_write_vectored(cx, &slices[..used]))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.sent_any = true;
        while let Some(piece) = self.queue.front_mut() {
            let take = written.min(piece.len());
            piece.advance(take);
            written -= take;
            if !piece.is_empty() {
                break;
            }
            self.queue.pop_front();
        }
        Poll::Ready(Ok(()))
    }

    /// A plain socket has nothing to flush; TLS does.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        if !self.flushed {
            ready!(Pin::new(&mut self.connection.io).poll_flush(cx)).map_err(Cause::Broken)?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, Cause>> {
        loop {
            if !self.connection.buffer.is_empty()
                && let Some(heard) = head::next(&mut self.connection.buffer, self.method).map_err(Cause::Malformed)?
            {
                return Poll::Ready(Ok(heard));
            }
            if self.connection.buffer.len() > MAX_HEAD {
                return Poll::Ready(Err(Cause::Malformed(BadHead::too_large())));
            }
            let read = ready!(self.connection.poll_fill(cx)).map_err(Cause::Broken)?;
            if read == 0 {
                return Poll::Ready(Err(Cause::Broken(io::ErrorKind::UnexpectedEof.into())));
            }
        }
    }
}
