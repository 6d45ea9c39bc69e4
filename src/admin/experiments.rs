//! `/v1/experiments` and what belongs to one, `POST /v1/feedback`

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminState;
use super::analysis_csv::{Table, csv};
use super::caller::By;
use super::extract::{IdempotencyKey, IfMatch, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::{Kind, Problem};
use super::tagged::{created, tagged};
use super::user_ids::Sight;
use crate::config::Timestamp;
use crate::control::{
    AssignmentView, ControlError, Expected, ExperimentChange, ExperimentView, PlanRequest, Planned, StopRequest, Taken, plan_experiment,
};
use crate::experiment::{ExperimentSpec, Feedback, Part};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>, sight: Sight) -> axum::Json<Value> {
    let page: Page<ExperimentView> = Page::cut(state.control.experiments.list(), &page, |experiment| experiment.id.clone());
    axum::Json(sight.of(json!(page)))
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>, sight: Sight) -> Result<impl IntoResponse, Problem> {
    let experiment = state.control.experiments.show(&id)?;
    Ok(tagged(experiment.revision, sight.of(json!(experiment))))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<ExperimentSpec>,
) -> Result<impl IntoResponse, Problem> {
    let experiment = state.control.experiments.create(spec, key, caller).await?;
    Ok(created(format!("/v1/experiments/{}", experiment.id), experiment.revision, experiment))
}

pub(super) async fn change(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    By(caller): By,
    IfMatch(expected): IfMatch,
    Json(change): Json<ExperimentChange>,
) -> Result<impl IntoResponse, Problem> {
    let expected = if expected == Expected::Unsaid { Expected::Any } else { expected };
    let experiment = state.control.experiments.change(&id, change, expected, caller).await?;
    Ok(tagged(experiment.revision, experiment))
}

pub(super) async fn stop(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    By(caller): By,
    OptionalJson(stop): OptionalJson<StopRequest>,
) -> Result<impl IntoResponse, Problem> {
    let experiment = state.control.handovers.stop(&id, stop, caller).await?;
    Ok(tagged(experiment.revision, experiment))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UnitQuery")]
pub(super) struct Whom {
    unit: String,
}

/// Looks, and counts nothing.
pub(super) async fn assignment(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Params(whom): Params<Whom>,
) -> Result<axum::Json<AssignmentView>, Problem> {
    Ok(axum::Json(state.control.experiments.assignment(&id, &whom.unit)?))
}

/// For an application that acts upon the answer.
pub(super) async fn assign(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Json(whom): Json<Whom>,
) -> Result<axum::Json<AssignmentView>, Problem> {
    Ok(axum::Json(newest(&state, || state.control.experiments.assign(&id, &whom.unit)).await?))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AnalysisFormat")]
enum Format {
    #[default]
    Json,
    Csv,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AnalysisParams")]
pub(super) struct Which {
    phase: Option<u32>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    #[serde(default)]
    format: Format,
    /// Which of the report's tables a CSV is of.
    #[serde(default)]
    table: Table,
}

pub(super) async fn analysis(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let part = Part { phase: which.phase, from: which.from, to: which.to };
    let report = state.control.experiments.analysis(&id, part).await?;
    Ok(match which.format {
        Format::Json => axum::Json(report).into_response(),
        Format::Csv => {
            let table = csv(&report, which.table).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
            ([(CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response()
        }
    })
}

/// One value, or a batch of which all or none are taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ReportedFeedback")]
pub(super) enum Reported {
    Many(Vec<Feedback>),
    One(Box<Feedback>),
}

impl Reported {
    fn batch(self) -> Vec<Feedback> {
        match self {
            Self::Many(batch) => batch,
            Self::One(one) => vec![*one],
        }
    }
}

pub(super) async fn feedback(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Json(reported): Json<Reported>,
) -> Result<axum::Json<Taken>, Problem> {
    let batch = reported.batch();
    Ok(axum::Json(newest(&state, || state.control.experiments.take_feedback(&id, &batch)).await?))
}

pub(super) async fn feedback_by_token(
    State(state): State<AdminState>,
    Json(reported): Json<Reported>,
) -> Result<axum::Json<Taken>, Problem> {
    let batch = reported.batch();
    Ok(axum::Json(newest(&state, || state.control.experiments.take_feedback_by_token(&batch)).await?))
}

/// Another replica may have created the experiment, or replaced the key, a moment ago: before either is said not to be there,
/// the store is asked.
async fn newest<T>(state: &AdminState, ask: impl Fn() -> Result<T, ControlError>) -> Result<T, ControlError> {
    match ask() {
        Err(ControlError::NotFound { .. } | ControlError::UnknownToken(_)) => {
            state.control.look_again().await?;
            ask()
        }
        answered => answered,
    }
}

pub(super) async fn plan(Json(request): Json<PlanRequest>) -> Result<axum::Json<Planned>, Problem> {
    Ok(axum::Json(plan_experiment(&request)?))
}
