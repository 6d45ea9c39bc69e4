//! `GET|POST /v1/canaries`, `GET /v1/canaries/{id}`, `POST /v1/canaries/{id}/{command}`

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::caller::By;
use super::extract::{IdempotencyKey, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::{Kind, Problem};
use super::tagged::{created, tagged};
use crate::control::{CanaryView, Consent};
use crate::rollout::{CanarySpec, Command};
use crate::stats::shadow::Findings;

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<CanaryView>> {
    axum::Json(Page::cut(state.control.canaries.list(), &page, |canary| canary.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let canary = state.control.canaries.show(&id)?;
    Ok(tagged(canary.revision, canary))
}

pub(super) async fn comparison(State(state): State<AdminState>, Path(id): Path<String>) -> Result<axum::Json<Findings>, Problem> {
    Ok(axum::Json(state.control.canaries.findings(&id).await?))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<CanarySpec>,
) -> Result<impl IntoResponse, Problem> {
    let canary = state.control.canaries.create(spec, key, caller).await?;
    Ok(created(format!("/v1/canaries/{}", canary.id), canary.revision, canary))
}

/// Why; the header `x-pointsman-reason` says the same.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub(super) struct CommandBody {
    pub(super) reason: Option<String>,
    /// Where the command loses acknowledged writes, that is accepted.
    #[serde(default)]
    pub(super) accept_lost_writes: bool,
}

pub(super) async fn command(
    State(state): State<AdminState>,
    Path((id, command)): Path<(String, String)>,
    By(caller): By,
    OptionalJson(body): OptionalJson<CommandBody>,
) -> Result<impl IntoResponse, Problem> {
    let command = named(&command)?;
    let caller = caller.because(body.reason);
    let canary = state.control.canaries.command(&id, command, Consent::of(body.accept_lost_writes), caller).await?;
    Ok(tagged(canary.revision, canary))
}

fn named(word: &str) -> Result<Command, Problem> {
    let command = match word {
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        "skip" => Command::Skip,
        "promote" => Command::Promote,
        "approve" => Command::Approve,
        "abort" => Command::Abort,
        _ => return Err(Problem::new(Kind::UnknownPath, format!("a canary does not take `{word}`"))),
    };
    Ok(command)
}
