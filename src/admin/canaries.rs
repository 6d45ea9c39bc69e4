//! `GET|POST /v1/canaries`, `GET /v1/canaries/{id}`, `POST /v1/canaries/{id}/{command}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::caller::By;
use super::extract::{Commanded, Id, IdempotencyKey, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{Created, Tagged, created, tagged};
use crate::control::{CanaryView, Consent};
use crate::rollout::{CanarySpec, Command};
use crate::stats::shadow::Findings;

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<CanaryView>> {
    axum::Json(Page::cut(state.control.canaries.list(), &page, |canary| canary.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Id(id): Id) -> Result<Tagged<CanaryView>, Problem> {
    let canary = state.control.canaries.show(&id)?;
    Ok(tagged(canary.revision, canary))
}

pub(super) async fn comparison(State(state): State<AdminState>, Id(id): Id) -> Result<axum::Json<Findings>, Problem> {
    Ok(axum::Json(state.control.canaries.findings(&id).await?))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<CanarySpec>,
) -> Result<Created<CanaryView>, Problem> {
    let canary = state.control.canaries.create(spec, key, caller).await?;
    Ok(created(format!("/v1/canaries/{}", canary.id), canary.revision, canary))
}

/// What goes with a command.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CommandOptions")]
pub(super) struct CommandBody {
    /// Why, for the audit log. It goes before the header `x-pointsman-reason`.
    pub(super) reason: Option<String>,
    /// Whether the command may lose acknowledged writes. Without it, a command that would is refused with 409 (`lost-writes`).
    #[serde(default)]
    pub(super) accept_lost_writes: bool,
}

pub(super) async fn command(
    State(state): State<AdminState>,
    Commanded { id, command }: Commanded<Command>,
    By(caller): By,
    OptionalJson(body): OptionalJson<CommandBody>,
) -> Result<Tagged<CanaryView>, Problem> {
    let caller = caller.because(body.reason);
    let canary = state.control.canaries.command(&id, command, Consent::of(body.accept_lost_writes), caller).await?;
    Ok(tagged(canary.revision, canary))
}
