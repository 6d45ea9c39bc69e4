//! `/v1/experiments` and what belongs to one, `POST /v1/feedback`

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::AdminState;
use super::author::By;
use super::extract::{IdempotencyKey, IfMatch, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{created, tagged};
use crate::config::Timestamp;
use crate::control::{
    AssignmentView, Expected, ExperimentChange, ExperimentView, PlanRequest, Planned, StopRequest, Taken, plan_experiment,
};
use crate::experiment::{ExperimentSpec, Feedback, Part};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<ExperimentView>> {
    axum::Json(Page::cut(state.control.experiments(), &page, |experiment| experiment.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let experiment = state.control.experiment(&id)?;
    Ok(tagged(experiment.revision, experiment))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(author): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<ExperimentSpec>,
) -> Result<impl IntoResponse, Problem> {
    let experiment = state.control.create_experiment(spec, key, author).await?;
    Ok(created(format!("/v1/experiments/{}", experiment.id), experiment.revision, experiment))
}

pub(super) async fn change(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    By(author): By,
    IfMatch(expected): IfMatch,
    Json(change): Json<ExperimentChange>,
) -> Result<impl IntoResponse, Problem> {
    let expected = if expected == Expected::Unsaid { Expected::Any } else { expected };
    let experiment = state.control.change_experiment(&id, change, expected, author).await?;
    Ok(tagged(experiment.revision, experiment))
}

pub(super) async fn stop(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    By(author): By,
    OptionalJson(stop): OptionalJson<StopRequest>,
) -> Result<impl IntoResponse, Problem> {
    let experiment = state.control.stop_experiment(&id, stop, author).await?;
    Ok(tagged(experiment.revision, experiment))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whom {
    unit: String,
}

pub(super) async fn assignment(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Params(whom): Params<Whom>,
) -> Result<axum::Json<AssignmentView>, Problem> {
    Ok(axum::Json(state.control.assignment(&id, &whom.unit)?))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    phase: Option<u32>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    #[serde(default)]
    format: Format,
}

pub(super) async fn analysis(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let part = Part { phase: which.phase, from: which.from, to: which.to };
    let report = state.control.analysis(&id, part).await?;
    Ok(match which.format {
        Format::Json => axum::Json(report).into_response(),
        Format::Csv => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], csv(&report)).into_response(),
    })
}

/// One line a comparison, its fields in the order of the report. Of a range, lines say which: they are put below each other.
fn csv(report: &serde_json::Value) -> String {
    let mut lines = String::new();
    let edges: Vec<(&str, String)> = ["from", "to"]
        .into_iter()
        .filter_map(|edge| Some((edge, Timestamp::from_millis(report["range"][edge].as_u64()?).to_string())))
        .collect();
    let rows = report["comparisons"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_object);
    for (number, row) in rows.enumerate() {
        // What is nested becomes as many columns, the same in every line; a note that is not there is an empty one.
        let cells: Vec<(String, String)> =
            row.iter().filter(|(name, _)| *name != "note").flat_map(|(name, value)| columns(name, value)).collect();
        if number == 0 {
            push_line(&mut lines, cells.iter().map(|(name, _)| name.as_str()).chain(["note"]).chain(edges.iter().map(|(edge, _)| *edge)));
        }
        let note = row.get("note").and_then(serde_json::Value::as_str).unwrap_or_default();
        push_line(&mut lines, cells.iter().map(|(_, cell)| cell.as_str()).chain([note]).chain(edges.iter().map(|(_, at)| at.as_str())));
    }
    lines
}

fn columns(name: &str, value: &serde_json::Value) -> Vec<(String, String)> {
    if name.ends_with("interval") {
        return ["low", "high"].map(|end| (format!("{name}_{end}"), plain(&value[end]))).into();
    }
    match value.as_object() {
        Some(group) => group.iter().flat_map(|(inner, value)| columns(&format!("{name}_{inner}"), value)).collect(),
        None => vec![(name.to_owned(), plain(value))],
    }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn push_line<'a>(lines: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            lines.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            lines.push('"');
            lines.push_str(&cell.replace('"', "\"\""));
            lines.push('"');
        } else {
            lines.push_str(cell);
        }
    }
    lines.push_str("\r\n");
}

/// One value, or a batch of which all or none are taken.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
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
    Ok(axum::Json(state.control.take_feedback(&id, &reported.batch())?))
}

pub(super) async fn feedback_by_token(
    State(state): State<AdminState>,
    Json(reported): Json<Reported>,
) -> Result<axum::Json<Taken>, Problem> {
    Ok(axum::Json(state.control.take_feedback_by_token(&reported.batch())?))
}

pub(super) async fn plan(Json(request): Json<PlanRequest>) -> Result<axum::Json<Planned>, Problem> {
    Ok(axum::Json(plan_experiment(&request)?))
}
