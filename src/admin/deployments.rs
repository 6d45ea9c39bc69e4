//! `GET|POST /v1/deployments`, `GET /v1/deployments/{id}`, `POST /v1/deployments/{id}/{command}`

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::caller::By;
use super::canaries::CommandBody;
use super::extract::{IdempotencyKey, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::{Kind, Problem};
use super::tagged::{created, tagged};
use crate::control::{Consent, DeploymentView};
use crate::rollout::deployment::{DeploymentCommand, DeploymentSpec};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<DeploymentView>> {
    axum::Json(Page::cut(state.control.deployments.list(), &page, |deployment| deployment.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let deployment = state.control.deployments.show(&id)?;
    Ok(tagged(deployment.revision, deployment))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<DeploymentSpec>,
) -> Result<Response, Problem> {
    if spec.dry_run {
        return Ok(axum::Json(state.control.deployments.preview(spec).await?).into_response());
    }
    let deployment = state.control.deployments.create(spec, key, caller).await?;
    Ok(created(format!("/v1/deployments/{}", deployment.id), deployment.revision, deployment).into_response())
}

pub(super) async fn command(
    State(state): State<AdminState>,
    Path((id, command)): Path<(String, String)>,
    By(caller): By,
    OptionalJson(body): OptionalJson<CommandBody>,
) -> Result<impl IntoResponse, Problem> {
    let command = match command.as_str() {
        "ready" => DeploymentCommand::Ready,
        "verify" => DeploymentCommand::Verify,
        "cancel" => DeploymentCommand::Cancel,
        "rollback" => DeploymentCommand::Rollback,
        _ => return Err(Problem::new(Kind::UnknownPath, format!("a deployment does not take `{command}`"))),
    };
    let caller = caller.because(body.reason);
    let deployment = state.control.deployments.command(&id, command, Consent::of(body.accept_lost_writes), caller).await?;
    Ok(tagged(deployment.revision, deployment))
}
