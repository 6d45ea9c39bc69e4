//! Answers that carry the revision of what they show.

use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::IntoResponse;
use serde::Serialize;

pub(super) fn tagged<V: Serialize>(revision: u64, view: V) -> impl IntoResponse {
    ([(ETAG, format!("\"{revision}\""))], axum::Json(view))
}

/// The same for what has just been made, and where it is.
pub(super) fn created<V: Serialize>(location: String, revision: u64, view: V) -> impl IntoResponse {
    (StatusCode::CREATED, [(LOCATION, location)], tagged(revision, view))
}
