//! Pointsman's own error answers: each fault in Qdrant's REST shape and as a gRPC status.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::body::{Answer, BodyFault, ClientBody, leave};
use super::headers::{self, BadConnection};
use super::worker::Worker;
use crate::metrics::{FallbackCause, Outcome, WorkerEvent};
use crate::protocol::Protocol;

/// Why Pointsman answers instead of Qdrant.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("Pointsman is serving as many requests as limits.max_requests allows, try again later")]
    Overloaded(Duration),
    #[error("CONNECT is not supported")]
    Connect,
    #[error("the request cannot be understood: {0}")]
    BadRequest(String),
    #[error("the request has a transfer coding other than `chunked`; send its body without it")]
    Coding,
    #[error("the request body cannot be read to its end: {0}")]
    Body(#[from] BodyFault),
    #[error("the request took longer than timeouts.total allows, and its body was still to come")]
    SlowClient,
    #[error("{0}")]
    Guarded(String),
    #[error("the message is too large for its collection name to be changed")]
    TooLargeToRename,
    #[error("the upstream `{0}` cannot be reached: {1}")]
    Unreachable(Box<str>, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the upstream `{0}` broke off without an answer: {1}")]
    Broken(Box<str>, #[source] Box<dyn std::error::Error>),
    #[error("the upstream `{0}` did not begin its answer in time")]
    FirstByte(Box<str>),
    #[error("the request took longer than timeouts.total allows")]
    Total,
    #[error("Pointsman is stopping, send requests elsewhere")]
    Stopping,
}

/// gRPC status codes used here.
mod code {
    pub(super) const INVALID_ARGUMENT: u16 = 3;
    pub(super) const DEADLINE_EXCEEDED: u16 = 4;
    pub(super) const RESOURCE_EXHAUSTED: u16 = 8;
    pub(super) const FAILED_PRECONDITION: u16 = 9;
    pub(super) const UNIMPLEMENTED: u16 = 12;
    pub(super) const UNAVAILABLE: u16 = 14;
    pub(super) const CANCELLED: u16 = 1;
}

/// What must be escaped in `grpc-message`.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// `Retry-After` has whole seconds. Rounded up: too early would be refused again.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl Fault {
    /// The fault of a request whose deadline has passed: the client's, if Pointsman was waiting for its body.
    pub(super) fn overdue(body: &ClientBody) -> Self {
        if body.is_awaited() { Self::SlowClient } else { Self::Total }
    }

    fn wire(&self) -> (StatusCode, u16, &'static str) {
        match self {
            Self::Overloaded(_) => (StatusCode::TOO_MANY_REQUESTS, code::RESOURCE_EXHAUSTED, "overloaded"),
            Self::Connect => (StatusCode::METHOD_NOT_ALLOWED, code::UNIMPLEMENTED, "method-not-allowed"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, code::INVALID_ARGUMENT, "bad-request"),
            Self::Coding => (StatusCode::NOT_IMPLEMENTED, code::UNIMPLEMENTED, "unsupported-coding"),
            Self::Body(BodyFault::Broken(_)) => (StatusCode::BAD_REQUEST, code::CANCELLED, "client-gone"),
            Self::Body(BodyFault::Length) => (StatusCode::BAD_REQUEST, code::INVALID_ARGUMENT, "bad-request"),
            Self::Body(BodyFault::Silent(_)) => (StatusCode::REQUEST_TIMEOUT, code::CANCELLED, "client-timeout"),
            Self::Body(BodyFault::NoRoom) => (StatusCode::TOO_MANY_REQUESTS, code::RESOURCE_EXHAUSTED, "overloaded"),
            Self::SlowClient => (StatusCode::REQUEST_TIMEOUT, code::DEADLINE_EXCEEDED, "client-timeout"),
            Self::TooLargeToRename => (StatusCode::PAYLOAD_TOO_LARGE, code::INVALID_ARGUMENT, "bad-request"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, "stopping"),
            Self::Guarded(_) => (StatusCode::CONFLICT, code::FAILED_PRECONDITION, "guarded"),
            Self::Unreachable(..) => (StatusCode::BAD_GATEWAY, code::UNAVAILABLE, "upstream-unreachable"),
            Self::Broken(..) => (StatusCode::BAD_GATEWAY, code::UNAVAILABLE, "upstream-broken"),
            Self::FirstByte(_) => (StatusCode::GATEWAY_TIMEOUT, code::DEADLINE_EXCEEDED, "upstream-timeout"),
            Self::Total => (StatusCode::GATEWAY_TIMEOUT, code::DEADLINE_EXCEEDED, "total-timeout"),
        }
    }

    /// Of HTTP, or of gRPC.
    pub(super) fn status(&self, protocol: Protocol) -> u16 {
        let (http, grpc, _) = self.wire();
        match protocol {
            Protocol::Rest => http.as_u16(),
            Protocol::Grpc => grpc,
        }
    }

    /// How the request that met it is counted.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Body(_) | Self::SlowClient => Outcome::Aborted,
            Self::TooLargeToRename => Outcome::Unavailable,
            _ => Outcome::of_http(self.wire().0),
        }
    }

    /// Whether no upstream can have seen the request.
    pub(super) fn is_unsent(&self) -> bool {
        matches!(self, Self::Unreachable(..) | Self::BadRequest(_))
    }

    /// The fallback cause for a variant; none if stable would have failed the same way.
    pub(super) fn fallback_cause(&self) -> Option<FallbackCause> {
        match self {
            Self::Unreachable(..) | Self::Broken(..) => Some(FallbackCause::Connection),
            Self::FirstByte(_) => Some(FallbackCause::Timeout),
            Self::TooLargeToRename => Some(FallbackCause::Size),
            Self::Overloaded(_)
            | Self::Connect
            | Self::BadRequest(_)
            | Self::Coding
            | Self::Body(_)
            | Self::SlowClient
            | Self::Guarded(_)
            | Self::Total
            | Self::Stopping => None,
        }
    }

    pub(super) fn answer(&self, protocol: Protocol) -> Response<Answer> {
        let (status, grpc, slug) = self.wire();
        let mut answer = match protocol {
            Protocol::Rest => self.rest(status),
            Protocol::Grpc => self.grpc(grpc),
        };
        let headers = answer.headers_mut();
        headers.insert(headers::ERROR.clone(), HeaderValue::from_static(slug));
        if let Self::Overloaded(wait) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*wait)));
        }
        if let Self::Connect = self {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        answer
    }

    fn rest(&self, status: StatusCode) -> Response<Answer> {
        let text = serde_json::json!({"status": {"error": self.to_string()}, "time": 0.0}).to_string();
        let mut answer = Response::new(Answer::full(Bytes::from(text)));
        *answer.status_mut() = status;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }

    /// Trailers-only: headers that are also trailers, and nothing follows.
    fn grpc(&self, code: u16) -> Response<Answer> {
        let mut answer = Response::new(Answer::empty());
        let message = utf8_percent_encode(&self.to_string(), MESSAGE).to_string();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from(code));
        headers
            .insert("grpc-message", HeaderValue::try_from(message).unwrap_or_else(|_| HeaderValue::from_static("see x-pointsman-error")));
        answer
    }
}

/// Answers a request that no upstream has seen.
pub(super) fn refuse(worker: &Worker, fault: &Fault, protocol: Protocol, body: &Rc<ClientBody>) -> Response<Answer> {
    let event = if matches!(fault, Fault::Overloaded(_)) { WorkerEvent::RequestShed } else { WorkerEvent::RequestRejected };
    worker.cells().count(event);
    let mut answer = fault.answer(protocol);
    leave(body, answer.headers_mut());
    answer
}

impl From<BadConnection> for Fault {
    fn from(error: BadConnection) -> Self {
        Self::BadRequest(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_back_too_early() {
        for (wait, seconds) in [(0, 1), (999, 1), (1_000, 1), (1_001, 2), (1_500, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(wait)), seconds, "{wait} ms");
        }
    }
}
