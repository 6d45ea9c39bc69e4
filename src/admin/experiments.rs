//! `/v1/experiments` and what belongs to one, `POST /v1/feedback`

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminState;
use super::analysis_csv::{Table, csv};
use super::api::{Answer, Answers, Operation, Schemas};
use super::caller::By;
use super::extract::{Id, IdempotencyKey, IfMatch, Json, JsonOrList, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::{Kind, Problem};
use super::tagged::{Created, Tagged, created, tagged};
use super::user_ids::{Shown, Sight};
use crate::config::Timestamp;
use crate::control::{
    AssignmentView, ControlError, Expected, ExperimentChange, ExperimentView, PlanRequest, Planned, StopRequest, Taken, plan_experiment,
};
use crate::experiment::analysis::Report;
use crate::experiment::{ExperimentSpec, Feedback, Part};

pub(super) async fn list(
    State(state): State<AdminState>,
    Params(page): Params<PageParams>,
    sight: Sight,
) -> axum::Json<Shown<Page<ExperimentView>>> {
    let page: Page<ExperimentView> = Page::cut(state.control.experiments.list(), &page, |experiment| experiment.id.clone());
    axum::Json(sight.of(&page))
}

pub(super) async fn show(State(state): State<AdminState>, Id(id): Id, sight: Sight) -> Result<Tagged<Shown<ExperimentView>>, Problem> {
    let experiment = state.control.experiments.show(&id)?;
    Ok(tagged(experiment.revision, sight.of(&experiment)))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<ExperimentSpec>,
) -> Result<Created<ExperimentView>, Problem> {
    let experiment = state.control.experiments.create(spec, key, caller).await?;
    Ok(created(format!("/v1/experiments/{}", experiment.id), experiment.revision, experiment))
}

pub(super) async fn change(
    State(state): State<AdminState>,
    Id(id): Id,
    By(caller): By,
    IfMatch(expected): IfMatch,
    Json(change): Json<ExperimentChange>,
) -> Result<Tagged<ExperimentView>, Problem> {
    let expected = if expected == Expected::Unsaid { Expected::Any } else { expected };
    let experiment = state.control.experiments.change(&id, change, expected, caller).await?;
    Ok(tagged(experiment.revision, experiment))
}

pub(super) async fn stop(
    State(state): State<AdminState>,
    Id(id): Id,
    By(caller): By,
    OptionalJson(stop): OptionalJson<StopRequest>,
) -> Result<Tagged<ExperimentView>, Problem> {
    let experiment = state.control.handovers.stop(&id, stop, caller).await?;
    Ok(tagged(experiment.revision, experiment))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UnitQuery")]
pub(super) struct Whom {
    /// The unit to assign, such as a user id.
    unit: String,
}

/// Looks, and counts nothing.
pub(super) async fn assignment(
    State(state): State<AdminState>,
    Id(id): Id,
    Params(whom): Params<Whom>,
) -> Result<axum::Json<AssignmentView>, Problem> {
    Ok(axum::Json(state.control.experiments.assignment(&id, &whom.unit)?))
}

/// For an application that acts upon the answer.
pub(super) async fn assign(
    State(state): State<AdminState>,
    Id(id): Id,
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
    /// The phase by its number. Default: the last one that counted.
    phase: Option<u32>,
    /// The first moment of the range. Default: the beginning of the phase.
    from: Option<Timestamp>,
    /// The first moment after the range. Default: the end of the phase.
    to: Option<Timestamp>,
    /// The form of the report.
    #[serde(default)]
    format: Format,
    /// Which of the tables of the report a CSV has.
    #[serde(default)]
    table: Table,
}

/// All of it, or one of its tables.
pub(super) enum Analysed {
    Report(Value),
    Table(Vec<u8>),
}

impl IntoResponse for Analysed {
    fn into_response(self) -> Response {
        match self {
            Self::Report(report) => axum::Json(report).into_response(),
            Self::Table(table) => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response(),
        }
    }
}

impl Answers for Analysed {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let report = Answer::json("The report, or one of its tables with `format=csv`.", &schemas.answer::<Report>());
        operation.answers(StatusCode::OK, report.or("text/csv", &json!({"type": "string"})));
    }
}

pub(super) async fn analysis(State(state): State<AdminState>, Id(id): Id, Params(which): Params<Which>) -> Result<Analysed, Problem> {
    let part = Part { phase: which.phase, from: which.from, to: which.to };
    let report = state.control.experiments.analysis(&id, part).await?;
    Ok(match which.format {
        Format::Json => Analysed::Report(report),
        Format::Csv => Analysed::Table(csv(&report, which.table).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?),
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
    Id(id): Id,
    JsonOrList(reported): JsonOrList<Reported>,
) -> Result<axum::Json<Taken>, Problem> {
    let batch = reported.batch();
    Ok(axum::Json(newest(&state, || state.control.experiments.take_feedback(&id, &batch)).await?))
}

pub(super) async fn feedback_by_token(
    State(state): State<AdminState>,
    JsonOrList(reported): JsonOrList<Reported>,
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
