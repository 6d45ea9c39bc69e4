//! The client's request body: read once, forwarded as it comes, and kept as far as a second sending may need it.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use smallvec::SmallVec;

/// Shared by the attempts of one request, of which one runs at a time.
pub(in crate::proxy) struct ClientBody {
    incoming: RefCell<Incoming>,
    /// What was read and kept, in order. Everything read so far, unless `lost`.
    kept: RefCell<SmallVec<[Bytes; 4]>>,
    kept_bytes: Cell<usize>,
    /// How much may be kept; zero once no second sending can be wanted.
    limit: Cell<usize>,
    /// Something was forwarded without being kept: this body can't be sent again.
    lost: Cell<bool>,
    ended: Cell<bool>,
    bytes: Cell<u64>,
}

/// How far [`ClientBody::hold`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Held {
    More,
    End,
}

impl ClientBody {
    pub(in crate::proxy) fn new(incoming: Incoming, keep: usize) -> Self {
        let ended = incoming.is_end_stream();
        Self {
            incoming: RefCell::new(incoming),
            kept: RefCell::default(),
            kept_bytes: Cell::new(0),
            limit: Cell::new(keep),
            lost: Cell::new(false),
            ended: Cell::new(ended),
            bytes: Cell::new(0),
        }
    }

    /// Reads one more chunk and keeps it, whatever the limit says: for whoever must see the beginning.
    pub(in crate::proxy) async fn hold(&self) -> Result<Held, hyper::Error> {
        match std::future::poll_fn(|cx| self.poll_incoming(cx)).await? {
            Some(chunk) => {
                self.keep(chunk);
                Ok(Held::More)
            }
            None => Ok(Held::End),
        }
    }

    /// Reads and keeps the whole body, if it has no more than `limit` bytes. None of a larger one; what was read of it is
    /// kept.
    pub(in crate::proxy) async fn hold_whole(&self, limit: usize) -> Result<Option<Vec<u8>>, hyper::Error> {
        while self.kept_bytes() <= limit {
            if self.hold().await? == Held::End {
                return Ok(Some(self.kept.borrow().concat()));
            }
        }
        Ok(None)
    }

    /// How many bytes those are. Chunks may be as small as clients like, so nobody should add them up for each of them.
    pub(in crate::proxy) fn kept_bytes(&self) -> usize {
        self.kept_bytes.get()
    }

    /// What has been kept behind the first so many chunks.
    pub(in crate::proxy) fn kept_from(&self, chunk: usize) -> SmallVec<[Bytes; 4]> {
        self.kept.borrow().iter().skip(chunk).cloned().collect()
    }

    /// What has been read and kept so far.
    pub(in crate::proxy) fn kept(&self) -> SmallVec<[Bytes; 4]> {
        self.kept.borrow().clone()
    }

    pub(in crate::proxy) fn chunks_kept(&self) -> usize {
        self.kept.borrow().len()
    }

    pub(in crate::proxy) fn keep_at_most(&self, bytes: usize) {
        self.limit.set(bytes);
    }

    /// Whether the whole body can be sent from its beginning once more.
    pub(in crate::proxy) fn is_repeatable(&self) -> bool {
        !self.lost.get()
    }

    pub(in crate::proxy) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    pub(in crate::proxy) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The answer is on its way to the client: no second sending any more.
    pub(in crate::proxy) fn forget(&self) {
        self.limit.set(0);
        if self.ended.get() {
            self.kept.borrow_mut().clear();
            self.lost.set(true);
        }
    }

    /// The chunk at `position`, from what is kept or else from the client.
    pub(super) fn poll_chunk(&self, cx: &mut Context<'_>, position: &mut usize) -> Poll<Result<Option<Bytes>, hyper::Error>> {
        if let Some(chunk) = self.kept.borrow().get(*position) {
            *position += 1;
            return Poll::Ready(Ok(Some(chunk.clone())));
        }
        let Some(chunk) = ready!(self.poll_incoming(cx)?) else { return Poll::Ready(Ok(None)) };
        if !self.lost.get() && self.kept_bytes.get() + chunk.len() <= self.limit.get() {
            self.keep(chunk.clone());
            *position += 1;
        } else {
            self.lost.set(true);
        }
        Poll::Ready(Ok(Some(chunk)))
    }

    fn keep(&self, chunk: Bytes) {
        self.kept_bytes.set(self.kept_bytes.get() + chunk.len());
        self.kept.borrow_mut().push(chunk);
    }

    fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, hyper::Error>> {
        let mut incoming = self.incoming.borrow_mut();
        loop {
            if self.ended.get() {
                return Poll::Ready(Ok(None));
            }
            let frame = ready!(Pin::new(&mut *incoming).poll_frame(cx)?);
            // Qdrant reads no request trailers; they end the body like its plain end does.
            let data = frame.and_then(|frame| frame.into_data().ok());
            if data.is_none() || incoming.is_end_stream() {
                self.ended.set(true);
            }
            match data {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => {
                    self.bytes.set(self.bytes.get() + chunk.len() as u64);
                    return Poll::Ready(Ok(Some(chunk)));
                }
                None => return Poll::Ready(Ok(None)),
            }
        }
    }
}
