//! What the health routes of the data ports say while Pointsman is stopping.
//!
//! Balancers probe the port that takes the traffic. Before that they ask Qdrant through it; from the first signal on Pointsman
//! answers itself, so that they send requests elsewhere while it still serves. `/livez` goes on to Qdrant: the process lives.

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

/// The answer to a health check; none for other requests, and as long as nothing stops.
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
