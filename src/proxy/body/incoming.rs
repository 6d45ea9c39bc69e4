//! The client's request body: read once, forwarded as it comes, and kept as far as a retry or fallback may need it.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{HeaderMap, Version};
use http_body::Body;
use hyper::body::Incoming;
use smallvec::SmallVec;

use crate::live::Held;
use crate::proxy::deadline::Silence;

/// Why the rest of a request's body cannot be read. Always the client's fault.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum BodyFault {
    #[error("{0}")]
    Broken(#[from] hyper::Error),
    #[error("it has another length than its `content-length`")]
    Length,
    #[error("no byte of it has arrived for {0:?}")]
    Silent(Duration),
    #[error("its beginning cannot be held, since Pointsman holds as much of other requests as limits.held_bytes allows")]
    NoRoom,
}

/// Shared by the attempts of one request, of which one runs at a time.
pub(in crate::proxy) struct ClientBody {
    incoming: RefCell<Incoming>,
    /// The kept chunks, in order: everything read so far, unless `lost`.
    kept: RefCell<SmallVec<[Bytes; 4]>>,
    kept_bytes: Cell<usize>,
    /// The memory of the kept chunks, from the budget for all requests.
    held: RefCell<Held>,
    /// How much may be kept; zero once the body will not be sent again.
    limit: Cell<usize>,
    /// Some bytes were forwarded without being kept: this body cannot be sent again.
    lost: Cell<bool>,
    ended: Cell<bool>,
    bytes: Cell<u64>,
    /// The length in the client's framing, if it has one.
    length: Option<u64>,
    silence: RefCell<Silence>,
    /// The last poll found nothing: the client has to send.
    awaited: Cell<bool>,
    /// The body has been polled, so a client that waits for `100 Continue` has been told to send it.
    asked_for: Cell<bool>,
    /// The client sends it only after `100 Continue`.
    expectant: bool,
    /// The client speaks HTTP/1: its connection can only continue after this body.
    http1: bool,
}

/// The result of [`ClientBody::hold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Read {
    More,
    End,
}

impl ClientBody {
    /// The body of a request with this version and these headers. `idle` is how long the client may stall.
    pub(in crate::proxy) fn new(incoming: Incoming, version: Version, headers: &HeaderMap, idle: Option<Duration>, held: Held) -> Self {
        let ended = incoming.is_end_stream();
        let expectant = version == Version::HTTP_11 && headers.contains_key(EXPECT);
        let length = incoming.size_hint().exact();
        Self {
            incoming: RefCell::new(incoming),
            kept: RefCell::default(),
            kept_bytes: Cell::new(0),
            held: RefCell::new(held),
            limit: Cell::new(0),
            lost: Cell::new(false),
            ended: Cell::new(ended),
            bytes: Cell::new(0),
            length,
            silence: RefCell::new(Silence::new(idle)),
            awaited: Cell::new(false),
            asked_for: Cell::new(false),
            expectant: expectant && !ended,
            http1: version < Version::HTTP_2,
        }
    }

    /// Whether the client must send more before the request can continue.
    pub(in crate::proxy) fn is_awaited(&self) -> bool {
        self.awaited.get()
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(in crate::proxy) fn is_expectant(&self) -> bool {
        self.expectant && !self.asked_for.get()
    }

    pub(in crate::proxy) fn is_http1(&self) -> bool {
        self.http1
    }

    /// Reads and drops the rest, up to `limit` bytes.
    pub(in crate::proxy) async fn discard(&self, limit: u64) {
        let end = self.bytes().saturating_add(limit);
        while self.bytes() < end {
            // A client that breaks off sends nothing more.
            let Ok(Some(_)) = std::future::poll_fn(|cx| self.poll_incoming(cx)).await else { return };
        }
    }

    /// Its length, if that is known before it is read. The forwarded request is framed by this number: the body never yields
    /// more or fewer bytes.
    pub(in crate::proxy) fn length(&self) -> Option<u64> {
        self.length
    }

    /// An empty account of the memory budget for all requests.
    pub(in crate::proxy) fn room(&self) -> Held {
        self.held.borrow().another()
    }

    /// Reads one more chunk and keeps it, even beyond this request's own limit: its beginning must be inspected.
    pub(in crate::proxy) async fn hold(&self) -> Result<Read, BodyFault> {
        match std::future::poll_fn(|cx| self.poll_incoming(cx)).await? {
            Some(chunk) if self.keep(&chunk) => Ok(Read::More),
            Some(_) => {
                self.lost.set(true);
                Err(BodyFault::NoRoom)
            }
            None => Ok(Read::End),
        }
    }

    /// Reads and keeps the whole body, if it has at most `limit` bytes. None if it is larger; the part that was read is
    /// kept.
    pub(in crate::proxy) async fn hold_whole(&self, limit: usize) -> Result<Option<Vec<u8>>, BodyFault> {
        while self.kept_bytes() <= limit {
            if self.hold().await? == Read::End {
                return Ok(Some(self.kept.borrow().concat()));
            }
        }
        Ok(None)
    }

    /// The number of kept bytes, maintained as a sum: clients may send tiny chunks, so do not add them up each time.
    pub(in crate::proxy) fn kept_bytes(&self) -> usize {
        self.kept_bytes.get()
    }

    /// The kept chunks after the first `chunk` ones.
    pub(in crate::proxy) fn kept_from(&self, chunk: usize) -> SmallVec<[Bytes; 4]> {
        self.kept.borrow().iter().skip(chunk).cloned().collect()
    }

    /// All kept chunks.
    pub(in crate::proxy) fn kept(&self) -> SmallVec<[Bytes; 4]> {
        self.kept.borrow().clone()
    }

    pub(in crate::proxy) fn chunks_kept(&self) -> usize {
        self.kept.borrow().len()
    }

    pub(in crate::proxy) fn keep_at_most(&self, bytes: usize) {
        self.limit.set(bytes);
    }

    /// Whether the whole body can be sent again from its beginning.
    pub(in crate::proxy) fn is_repeatable(&self) -> bool {
        !self.lost.get()
    }

    pub(in crate::proxy) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    pub(in crate::proxy) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The answer is being sent to the client: the body will not be sent again.
    pub(in crate::proxy) fn forget(&self) {
        if self.ended.get() {
            self.kept.borrow_mut().clear();
            self.held.borrow_mut().release();
            self.lost.set(true);
        }
    }

    /// The chunk at `position`: a kept one, or else the next one from the client.
    pub(super) fn poll_chunk(&self, cx: &mut Context<'_>, position: &mut usize) -> Poll<Result<Option<Bytes>, BodyFault>> {
        if let Some(chunk) = self.kept.borrow().get(*position) {
            *position += 1;
            return Poll::Ready(Ok(Some(chunk.clone())));
        }
        let Some(chunk) = ready!(self.poll_incoming(cx)?) else { return Poll::Ready(Ok(None)) };
        if !self.lost.get() && self.kept_bytes.get() + chunk.len() <= self.limit.get() && self.keep(&chunk) {
            *position += 1;
        } else {
            self.lost.set(true);
        }
        Poll::Ready(Ok(Some(chunk)))
    }

    /// Returns false if there is no memory for it.
    fn keep(&self, chunk: &Bytes) -> bool {
        // Includes the overhead of a chunk: clients may send single bytes.
        let room = self.held.borrow_mut().take(chunk.len() + size_of::<Bytes>());
        if room {
            self.kept_bytes.set(self.kept_bytes.get() + chunk.len());
            self.kept.borrow_mut().push(chunk.clone());
        }
        room
    }

    fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyFault>> {
        let mut incoming = self.incoming.borrow_mut();
        loop {
            if self.ended.get() {
                return Poll::Ready(Ok(None));
            }
            self.asked_for.set(true);
            let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(cx)? else { return self.poll_silence(cx) };
            self.awaited.set(false);
            self.silence.borrow_mut().broken();
            // Qdrant reads no request trailers; they end the body like its normal end does.
            let data = frame.and_then(|frame| frame.into_data().ok());
            if data.is_none() || incoming.is_end_stream() {
                self.ended.set(true);
            }
            match data {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => {
                    self.bytes.set(self.bytes.get() + chunk.len() as u64);
                    self.check_length()?;
                    return Poll::Ready(Ok(Some(chunk)));
                }
                None => {
                    self.check_length()?;
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    fn poll_silence(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyFault>> {
        self.awaited.set(true);
        let mut silence = self.silence.borrow_mut();
        silence.poll(cx).map(|()| Err(BodyFault::Silent(silence.limit())))
    }

    /// Whether the read bytes agree with [`Self::length`]. The readers below check it too. A request with wrong framing must
    /// never reach an upstream, since the next request would begin in the wrong place.
    fn check_length(&self) -> Result<(), BodyFault> {
        let (read, ended) = (self.bytes.get(), self.ended.get());
        let wrong = self.length.is_some_and(|length| read > length || (ended && read < length));
        if wrong { Err(BodyFault::Length) } else { Ok(()) }
    }
}
