//! `GET /v1/status`, `GET /metrics`

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::AdminState;
use super::problem::{Kind, Problem};
use crate::control::Status;
use crate::metrics::{TEXT_FORMAT, render};

pub(super) async fn show(State(state): State<AdminState>) -> Json<Status> {
    Json(state.control.status().await)
}

pub(super) async fn metrics(State(state): State<AdminState>) -> Result<impl IntoResponse, Problem> {
    let text = render(state.control.registry(), &state.control.gauges());
    let text = text.map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    Ok(([(CONTENT_TYPE, TEXT_FORMAT)], text))
}
