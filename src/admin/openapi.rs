//! `GET /openapi.json`

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// Kept by hand beside the code; the tests hold its paths and methods to those of the router.
pub(super) const DOCUMENT: &str = include_str!("openapi.json");

pub(super) async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
