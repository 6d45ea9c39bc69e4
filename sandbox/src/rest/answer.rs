//! Answers in Qdrant's envelope.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::faults::InjectedError;

#[derive(Serialize)]
struct Success<T> {
    result: T,
    status: &'static str,
    time: f64,
}

#[derive(Serialize)]
struct Accepted {
    status: &'static str,
    time: f64,
}

#[derive(Serialize)]
struct Failure<'a> {
    status: FailureStatus<'a>,
    time: f64,
}

#[derive(Serialize)]
struct FailureStatus<'a> {
    error: &'a str,
}

/// 200 with a result, or the failure.
pub(super) fn respond<T: Serialize>(result: EngineResult<T>, began: Instant) -> Response {
    match result {
        Ok(result) => json(StatusCode::OK, &Success { result, status: "ok", time: began.elapsed().as_secs_f64() }),
        Err(error) => failure(&error, began.elapsed()),
    }
}

/// 202: begun, not done.
pub(super) fn accepted(began: Instant) -> Response {
    let body = Accepted { status: "accepted", time: began.elapsed().as_secs_f64() };
    json(StatusCode::ACCEPTED, &body)
}

/// A failure of the engine.
pub(super) fn failure(error: &EngineError, took: Duration) -> Response {
    let status = match error.kind {
        ErrorKind::BadInput | ErrorKind::BadRequest | ErrorKind::Inference => StatusCode::BAD_REQUEST,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::Validation => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists => StatusCode::CONFLICT,
        ErrorKind::Service => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::NotServed => StatusCode::NOT_IMPLEMENTED,
    };
    error_body(status, &error.message, took)
}

/// A failure that was asked for.
pub(super) fn injected(error: &InjectedError, took: Duration) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = error_body(status, &error.message, took);
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn error_body(status: StatusCode, message: &str, took: Duration) -> Response {
    let body = Failure { status: FailureStatus { error: message }, time: took.as_secs_f64() };
    json(status, &body)
}

/// Any body as JSON.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let (status, text) = match serde_json::to_vec(body) {
        Ok(text) => (status, text),
        Err(why) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!(r#"{{"status":{{"error":"an answer could not be written: {why}"}},"time":0.0}}"#).into_bytes(),
        ),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
