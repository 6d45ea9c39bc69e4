//! `GET|POST /v1/deployments`, `GET /v1/deployments/{id}`, `POST /v1/deployments/{id}/{command}`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::author::By;
use super::canaries::CommandBody;
use super::extract::{IdempotencyKey, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::{Kind, Problem};
use crate::control::{Author, DeploymentView};
use crate::rollout::deployment::{DeploymentCommand, DeploymentSpec};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<DeploymentView>> {
    axum::Json(Page::cut(state.control.deployments(), &page, |deployment| deployment.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(state.control.deployment(&id)?))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(author): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<DeploymentSpec>,
) -> Result<Response, Problem> {
    if spec.dry_run {
        return Ok(axum::Json(state.control.preview_deployment(spec).await?).into_response());
    }
    let deployment = state.control.create_deployment(spec, key, author).await?;
    let location = format!("/v1/deployments/{}", deployment.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], tagged(deployment)).into_response())
}

pub(super) async fn command(
    State(state): State<AdminState>,
    Path((id, command)): Path<(String, String)>,
    By(author): By,
    OptionalJson(body): OptionalJson<CommandBody>,
) -> Result<impl IntoResponse, Problem> {
    let command = match command.as_str() {
        "ready" => DeploymentCommand::Ready,
        "cancel" => DeploymentCommand::Cancel,
        "rollback" => DeploymentCommand::Rollback,
        _ => return Err(Problem::new(Kind::UnknownPath, format!("a deployment does not take `{command}`"))),
    };
    let author = Author { reason: body.reason.or(author.reason), ..author };
    Ok(tagged(state.control.command_deployment(&id, command, author).await?))
}

fn tagged(deployment: DeploymentView) -> impl IntoResponse {
    ([(ETAG, format!("\"{}\"", deployment.revision))], axum::Json(deployment))
}
