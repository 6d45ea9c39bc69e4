//! One gRPC call: sends the request and receives the head of the answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::client::ResponseFuture;
use http::{Request, Response, StatusCode};

use super::body::AnswerBody;
use super::error::CallError;
use super::pump::Pump;
use crate::proxy::body::Outgoing;
use crate::proxy::headers::strip_internal;
use crate::upstream::h2::Lease;

pub(in crate::proxy) type Started = Response<AnswerBody>;

/// Starts the call and waits for the head of its answer. `idle` is how long the upstream may accept nothing of the request.
pub(in crate::proxy) async fn call(
    lease: Lease,
    request: Request<()>,
    body: Outgoing,
    idle: Option<Duration>,
) -> Result<Started, CallError> {
    let sent = lease.sender().send_request(request, body.is_done());
    let (answer, stream) = sent.map_err(|error| {
        lease.discard();
        CallError::Unsent { error, first: lease.is_first() }
    })?;
    let pump = (!body.is_done()).then(|| Pump::new(stream, body, lease.starved(), idle));
    let begun = Begin { answer, pump }.await;
    lease.answered();
    let (head, pump) = begun.map_err(|error| error.on(&lease))?;
    let needs_status = head.status() == StatusCode::OK && !head.headers().contains_key("grpc-status");
    let mut head = head.map(|stream| AnswerBody::new(stream, pump, lease, needs_status));
    strip_internal(head.headers_mut());
    Ok(head)
}

/// Sends and waits at the same time: an answer may come before the request is complete.
struct Begin {
    answer: ResponseFuture,
    pump: Option<Pump>,
}

impl Future for Begin {
    type Output = Result<(Response<h2::RecvStream>, Option<Pump>), CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut failed = None;
        if let Some(pump) = &mut self.pump {
            match pump.poll(cx) {
                Poll::Ready(Ok(())) => self.pump = None,
                Poll::Ready(Err(CallError::Client(error))) => return Poll::Ready(Err(CallError::Client(error))),
                // The upstream stopped accepting the request; its answer says why.
                Poll::Ready(Err(error)) => failed = Some(error),
                Poll::Pending => {}
            }
        }
        match Pin::new(&mut self.answer).poll(cx) {
            Poll::Ready(Ok(head)) => Poll::Ready(Ok((head, self.pump.take().filter(|_| failed.is_none())))),
            Poll::Ready(Err(error)) => Poll::Ready(Err(CallError::Broken(error))),
            Poll::Pending => match failed {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}
