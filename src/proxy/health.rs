//! The health routes of the data ports while Pointsman is stopping.
//!
//! Load balancers probe the port that takes the traffic. Normally the probe goes through to Qdrant. From the first signal on
//! Pointsman answers it as not ready, so that balancers send requests elsewhere while it still serves. `/livez` still goes
//! to Qdrant: the process is alive.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;

use super::body::{Answer, Source};
use super::respond::Fault;
use super::worker::Worker;
use crate::protocol::Protocol;

/// A frame with `grpc.health.v1.HealthCheckResponse { status: NOT_SERVING }`.
const NOT_SERVING: &[u8] = &[0, 0, 0, 0, 2, 0x08, 2];

/// The answer to a health check; none for other requests, and none unless Pointsman is stopping.
pub(super) fn while_stopping(worker: &Worker, parts: &Parts, protocol: Protocol) -> Option<Response<Answer>> {
    if !worker.is_stopping() {
        return None;
    }
    match (protocol, parts.uri.path()) {
        (Protocol::Rest, "/readyz" | "/healthz") | (Protocol::Grpc, "/qdrant.Qdrant/HealthCheck") => Some(Fault::Stopping.answer(protocol)),
        (Protocol::Grpc, "/grpc.health.v1.Health/Check") => Some(not_serving()),
        _ => None,
    }
}

fn not_serving() -> Response<Answer> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Frame::data(Bytes::from_static(NOT_SERVING)), Frame::trailers(trailers)];
    let mut answer = Response::new(Answer::own(Source::of(frames)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    answer
}
