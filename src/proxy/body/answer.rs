//! The answer's body: relayed chunk by chunk, and observed until its last byte.

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::drain::Rest;
use crate::metrics::Outcome;
use crate::proxy::deadline::{Deadline, Silence};
use crate::proxy::h1::AnswerBody as RestBody;
use crate::proxy::h2::AnswerBody as GrpcBody;
use crate::proxy::observe::Observation;
use crate::proxy::unread::Unread;
use crate::proxy::worker::Permit;

/// Why an answer ended early. The client sees a closed connection or a reset stream.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum AnswerError {
    #[error("the upstream broke off its answer: {0}")]
    Upstream(String),
    #[error("the upstream has sent nothing of its answer for {0:?}")]
    Silent(Duration),
    #[error("the request took longer than timeouts.total allows")]
    TotalTimeout,
}

/// The source of the bytes.
pub(in crate::proxy) enum Source {
    Empty,
    /// An answer by Pointsman itself, or one short enough to have been read completely.
    Full(Option<Bytes>),
    Rest(RestBody),
    Grpc(Box<GrpcBody>),
    /// An answer of which the beginning, or all, was read before it is relayed.
    Replayed(Box<Replay>),
}

/// The part of an answer that was read, and the rest.
pub(in crate::proxy) struct Replay {
    pub(in crate::proxy) read: VecDeque<Result<Frame<Bytes>, AnswerError>>,
    pub(in crate::proxy) rest: Source,
}

pub(in crate::proxy) struct Answer {
    source: Source,
    /// Completed with the last byte, or on drop as aborted.
    watch: Option<Observation>,
    deadline: Deadline,
    silence: Silence,
    /// Detects a client that does not read it.
    unread: Option<Rc<Unread>>,
    /// The request's permit from admission control.
    permit: Option<Permit>,
    /// The rest of the request that is still being sent.
    rest: Option<Rest>,
}

impl Answer {
    /// `idle` is how long the upstream may stall.
    pub(in crate::proxy) fn new(source: Source, mut watch: Option<Observation>, deadline: Deadline, idle: Option<Duration>) -> Self {
        if source.is_end()
            && let Some(watch) = watch.take()
        {
            watch.complete();
        }
        let unread = Unread::of_this_stream(deadline);
        Self { source, watch, deadline, silence: deadline.silence(idle), unread, permit: None, rest: None }
    }

    /// An answer by Pointsman itself.
    pub(in crate::proxy) fn own(source: Source) -> Self {
        let (deadline, silence) = (Deadline::NONE, Silence::new(None));
        Self { source, watch: None, deadline, silence, unread: Unread::of_this_stream(deadline), permit: None, rest: None }
    }

    pub(in crate::proxy) fn full(text: impl Into<Bytes>) -> Self {
        Self::own(Source::Full(Some(text.into())))
    }

    pub(in crate::proxy) fn empty() -> Self {
        Self::own(Source::Empty)
    }

    /// Keeps `permit` until the last byte.
    pub(in crate::proxy) fn holding(mut self, permit: Option<Permit>) -> Self {
        self.permit = permit.filter(|_| self.watch.is_some());
        self
    }

    /// Handles the rest of the request once the answer is over.
    pub(in crate::proxy) fn followed_by(mut self, rest: Option<Rest>) -> Self {
        self.rest = rest;
        self
    }

    fn relay(&mut self, frame: &Frame<Bytes>) {
        let Some(watch) = &mut self.watch else { return };
        if let Some(data) = frame.data_ref() {
            watch.sent(data);
        }
        if let Some(trailers) = frame.trailers_ref() {
            watch.outcome(grpc_outcome(trailers));
            watch.status(grpc_status(trailers));
        }
    }

    /// The upstream has no data at the moment.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        if let Some(unread) = &self.unread {
            unread.taken();
        }
        std::task::ready!(self.silence.poll(cx));
        let (outcome, error) = if self.deadline.is_over() {
            (Outcome::Timeout, AnswerError::TotalTimeout)
        } else {
            (Outcome::Unavailable, AnswerError::Silent(self.silence.limit()))
        };
        self.fail(outcome);
        Poll::Ready(Some(Err(error)))
    }

    /// The upstream has no more frames.
    fn end_of_frames(&mut self) {
        if let (Source::Grpc(body), Some(watch)) = (&self.source, &mut self.watch)
            && body.lacks_status()
        {
            watch.outcome(Outcome::ServerError);
        }
        self.end();
    }

    fn end(&mut self) {
        self.permit = None;
        if let Some(watch) = self.watch.take() {
            watch.complete();
        }
    }

    fn fail(&mut self, outcome: Outcome) {
        if let Some(mut watch) = self.watch.take() {
            watch.outcome(outcome);
            watch.complete();
        }
        self.source = Source::Empty;
    }
}

/// The outcome in a call's trailers. A call that ends without a status was broken off.
pub(in crate::proxy) fn grpc_outcome(trailers: &HeaderMap) -> Outcome {
    Outcome::of_grpc(grpc_status(trailers).unwrap_or(UNKNOWN))
}

/// What gRPC calls a call without a status.
const UNKNOWN: u16 = 2;

fn grpc_status(trailers: &HeaderMap) -> Option<u16> {
    trailers.get("grpc-status").and_then(|status| status.to_str().ok()).and_then(|status| status.parse().ok())
}

impl Replay {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match self.read.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => self.rest.poll(cx),
        }
    }

    /// Its length, if it is complete.
    fn size(&self) -> SizeHint {
        let data = |frame: &Result<Frame<Bytes>, AnswerError>| Some(frame.as_ref().ok()?.data_ref()?.len() as u64);
        let read = self.read.iter().map(data).sum::<Option<u64>>();
        read.filter(|_| self.rest.is_end()).map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Source {
    /// These frames and nothing after them.
    pub(in crate::proxy) fn of(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self::Replayed(Box::new(Replay { read: frames.into_iter().map(Ok).collect(), rest: Self::Empty }))
    }

    /// Abandons an answer that is not needed; keeps its connection if that is cheap.
    pub(in crate::proxy) fn discard(self) {
        if let Self::Rest(body) = self {
            body.discard();
        }
    }

    /// Whether more of the request is still being sent while it is relayed.
    pub(in crate::proxy) fn is_sending(&self) -> bool {
        matches!(self, Self::Grpc(body) if body.is_sending())
    }

    fn is_end(&self) -> bool {
        match self {
            Self::Empty | Self::Full(None) => true,
            Self::Full(Some(_)) => false,
            Self::Rest(body) => body.is_end(),
            Self::Grpc(body) => body.is_end(),
            Self::Replayed(replay) => replay.read.is_empty() && replay.rest.is_end(),
        }
    }

    pub(in crate::proxy) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Full(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Rest(body) => body.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data))),
            Self::Grpc(body) => body.poll_frame(cx),
            Self::Replayed(replay) => replay.poll(cx),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        let this = self.get_mut();
        if this.watch.is_some() && this.deadline.is_over() {
            this.fail(Outcome::Timeout);
            return Poll::Ready(Some(Err(AnswerError::TotalTimeout)));
        }
        let Poll::Ready(frame) = this.source.poll(cx) else { return this.poll_silence(cx) };
        this.silence.broken();
        if let Some(unread) = &this.unread {
            unread.handed_over();
        }
        match &frame {
            Some(Ok(frame)) => {
                this.relay(frame);
                if this.source.is_end() {
                    this.end();
                }
            }
            Some(Err(_)) => this.fail(Outcome::Unavailable),
            None => this.end_of_frames(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty | Source::Full(None) => SizeHint::with_exact(0),
            Source::Full(Some(text)) => SizeHint::with_exact(text.len() as u64),
            Source::Rest(body) => body.remaining().map_or_else(SizeHint::default, SizeHint::with_exact),
            Source::Grpc(_) => SizeHint::default(),
            Source::Replayed(replay) => replay.size(),
        }
    }
}
