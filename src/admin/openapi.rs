//! `GET /openapi.json`

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::api::{self, Answer, Answers, Operation, Schemas};
use super::endpoints::endpoints;

/// As it is served; `docs/openapi.json` is a copy.
pub(super) static DOCUMENT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", api::document(&endpoints())));

/// The description of the API.
pub(super) struct Document;

pub(super) async fn document() -> Document {
    Document
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
    }
}

impl Answers for Document {
    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.answers(StatusCode::OK, Answer::json("This document, in OpenAPI 3.1.", &json!({"type": "object"})));
    }
}
