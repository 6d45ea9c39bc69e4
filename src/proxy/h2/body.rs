//! A gRPC answer's body: data, then trailers, always.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http_body::Frame;

use super::pump::Pump;
use crate::proxy::body::AnswerError;
use crate::proxy::headers::strip_internal;
use crate::upstream::h2::Lease;

pub(in crate::proxy) struct AnswerBody {
    stream: RecvStream,
    /// A long upload or a bidirectional stream: sending continues while the answer is relayed, and not longer.
    pump: Option<Pump>,
    _lease: Lease,
    /// A frame that was inspected before the answer was relayed.
    ahead: Option<Frame<Bytes>>,
    data_done: bool,
    done: bool,
    /// The answer is Qdrant's, and its status has not arrived yet.
    needs_status: bool,
}

impl AnswerBody {
    pub(super) fn new(stream: RecvStream, pump: Option<Pump>, lease: Lease, needs_status: bool) -> Self {
        // Headers that end the stream contain the status themselves: nothing follows.
        let done = stream.is_end_stream();
        Self { stream, pump: pump.filter(|_| !done), _lease: lease, ahead: None, data_done: done, done, needs_status }
    }

    /// Whether more of the request must still be sent.
    pub(in crate::proxy) fn is_sending(&self) -> bool {
        self.pump.is_some()
    }

    pub(in crate::proxy) fn is_end(&self) -> bool {
        self.done && self.ahead.is_none()
    }

    /// Whether it has ended without the status that every gRPC answer ends with.
    pub(in crate::proxy) fn lacks_status(&self) -> bool {
        self.done && self.needs_status
    }

    /// Inspects the first frame. Trailers there mean that the call failed after its headers had been sent.
    pub(in crate::proxy) async fn first_trailers(&mut self) -> Result<Option<&HeaderMap>, AnswerError> {
        if self.ahead.is_none() && !self.done {
            self.ahead = std::future::poll_fn(|cx| self.poll_frame(cx)).await.transpose()?;
        }
        Ok(self.ahead.as_ref().and_then(Frame::trailers_ref))
    }

    pub(in crate::proxy) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        self.poll_pump(cx);
        if let Some(frame) = self.ahead.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if !self.data_done {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(chunk)) => return Poll::Ready(Some(self.relay(chunk))),
                Some(Err(error)) => return self.broken(&error),
                None => self.data_done = true,
            }
        }
        if self.done {
            return Poll::Ready(None);
        }
        match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => {
                self.done = true;
                self.needs_status &= trailers.is_none();
                Poll::Ready(trailers.map(|mut trailers| {
                    strip_internal(&mut trailers);
                    Ok(Frame::trailers(trailers))
                }))
            }
            Err(error) => self.broken(&error),
        }
    }

    /// A failure to send is a failure of the stream, and shows when it is read.
    fn poll_pump(&mut self, cx: &mut Context<'_>) {
        if let Some(pump) = &mut self.pump
            && let Poll::Ready(sent) = pump.poll(cx)
        {
            self.pump = None;
            if let Err(error) = sent {
                tracing::debug!(%error, "a request body could not be sent to its end");
            }
        }
    }

    /// Releases the window only now, when the client's side has requested this chunk: a slow client slows the upstream.
    fn relay(&mut self, chunk: Bytes) -> Result<Frame<Bytes>, AnswerError> {
        let released = self.stream.flow_control().release_capacity(chunk.len());
        released.map(|()| Frame::data(chunk)).map_err(|error| AnswerError::Upstream(error.to_string()))
    }

    fn broken(&mut self, error: &h2::Error) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        self.data_done = true;
        self.done = true;
        Poll::Ready(Some(Err(AnswerError::Upstream(error.to_string()))))
    }
}
