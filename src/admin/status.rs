//! `GET /v1/status`, `GET /metrics`

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::api::{Answers, Operation, Schemas};
use super::problem::{Kind, Problem};
use crate::control::Status;
use crate::metrics::{TEXT_FORMAT, render};

pub(super) async fn show(State(state): State<AdminState>) -> Json<Status> {
    Json(state.control.status().await)
}

/// The text format of Prometheus.
pub(super) struct Metrics(String);

pub(super) async fn metrics(State(state): State<AdminState>) -> Result<Metrics, Problem> {
    let text = render(state.control.registry(), &state.control.gauges());
    let text = text.map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    Ok(Metrics(text))
}

impl IntoResponse for Metrics {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, TEXT_FORMAT)], self.0).into_response()
    }
}

impl Answers for Metrics {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        String::describe(operation, schemas);
    }
}
