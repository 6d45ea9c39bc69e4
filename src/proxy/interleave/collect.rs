//! Buffers an answer before it is relayed, up to a limit.

use std::future::poll_fn;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use crate::metrics::{NotInterleaved, Outcome};
use crate::proxy::body::{AnswerError, Replay, Source, grpc_outcome};
use crate::proxy::journey::Journey;

/// The part of an answer that was read.
pub(super) struct Collected {
    data: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    broken: Option<AnswerError>,
    /// The rest.
    rest: Source,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// More of it is missing.
    NotYet,
    /// It is larger than the limit.
    TooLarge,
    Whole,
}

impl Collected {
    /// Reads until the end, or the limit. An upstream that stalls ends it.
    pub(super) async fn of(source: Source, journey: &Journey) -> Self {
        let mut collected = Self { data: Vec::new(), trailers: None, broken: None, rest: source, end: End::NotYet };
        let limit = journey.live.settings.answers.max_bytes;
        // The part read by then is relayed, and the relay waits for the rest.
        let read = journey.patience_to_look().wait(|| false, collected.read(limit)).await;
        if read.is_err() {
            tracing::debug!("an answer that was to be interleaved came too slowly");
        }
        collected
    }

    async fn read(&mut self, limit: usize) {
        let mut bytes = 0;
        while let Some(frame) = poll_fn(|cx| self.rest.poll(cx)).await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => {
                    bytes += data.len();
                    self.data.push(data);
                }
                Ok(Err(other)) => self.trailers = other.into_trailers().ok(),
                Err(error) => {
                    self.broken = Some(error);
                    return;
                }
            }
            if bytes > limit {
                self.end = End::TooLarge;
                return;
            }
        }
        self.end = End::Whole;
    }

    /// All of it, if it is complete.
    pub(super) fn whole(&self) -> Result<Bytes, NotInterleaved> {
        match self.end {
            End::Whole if self.outcome().is_none_or(|outcome| outcome == Outcome::Ok) => Ok(match self.data.as_slice() {
                [only] => only.clone(),
                pieces => pieces.concat().into(),
            }),
            End::TooLarge => Err(NotInterleaved::Size),
            End::NotYet | End::Whole => Err(NotInterleaved::Answer),
        }
    }

    /// Its outcome, if that comes after its head (trailers).
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let broken = self.broken.as_ref().map(|_| Outcome::Unavailable);
        broken.or_else(|| self.trailers.as_ref().map(grpc_outcome))
    }

    /// The answer unchanged.
    pub(super) fn unchanged(self) -> Source {
        let trailers = self.trailers.map(Frame::trailers);
        let read = self.data.into_iter().map(Frame::data).chain(trailers).map(Ok).chain(self.broken.map(Err));
        Source::Replayed(Box::new(Replay { read: read.collect(), rest: self.rest }))
    }

    /// The answer with another body.
    pub(super) fn replaced(self, body: Bytes) -> Source {
        Source::of([Frame::data(body)].into_iter().chain(self.trailers.map(Frame::trailers)))
    }
}
