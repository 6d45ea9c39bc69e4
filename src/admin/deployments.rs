//! `GET|POST /v1/deployments`, `GET /v1/deployments/{id}`, `POST /v1/deployments/{id}/{command}`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::api::{Answer, Answers, Operation, Schemas};
use super::caller::By;
use super::canaries::CommandBody;
use super::extract::{Commanded, Id, IdempotencyKey, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{Created, Tagged, created, tagged};
use crate::control::{Consent, DeploymentView, Preview};
use crate::rollout::deployment::{DeploymentCommand, DeploymentSpec};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<DeploymentView>> {
    axum::Json(Page::cut(state.control.deployments.list(), &page, |deployment| deployment.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Id(id): Id) -> Result<Tagged<DeploymentView>, Problem> {
    let deployment = state.control.deployments.show(&id)?;
    Ok(tagged(deployment.revision, deployment))
}

/// Where `dry_run` was asked for, nothing was made.
pub(super) enum Deployed {
    Previewed(Box<Preview>),
    Created(Box<Created<DeploymentView>>),
}

impl IntoResponse for Deployed {
    fn into_response(self) -> Response {
        match self {
            Self::Previewed(preview) => axum::Json(preview).into_response(),
            Self::Created(created) => created.into_response(),
        }
    }
}

impl Answers for Deployed {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        Created::<DeploymentView>::describe(operation, schemas);
        let preview = schemas.answer::<Preview>();
        operation.answers(StatusCode::OK, Answer::json("The steps of a `dry_run`. Nothing was done.", &preview));
    }
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<DeploymentSpec>,
) -> Result<Deployed, Problem> {
    if spec.dry_run {
        return Ok(Deployed::Previewed(Box::new(state.control.deployments.preview(spec).await?)));
    }
    let deployment = state.control.deployments.create(spec, key, caller).await?;
    Ok(Deployed::Created(Box::new(created(format!("/v1/deployments/{}", deployment.id), deployment.revision, deployment))))
}

pub(super) async fn command(
    State(state): State<AdminState>,
    Commanded { id, command }: Commanded<DeploymentCommand>,
    By(caller): By,
    OptionalJson(body): OptionalJson<CommandBody>,
) -> Result<Tagged<DeploymentView>, Problem> {
    let caller = caller.because(body.reason);
    let deployment = state.control.deployments.command(&id, command, Consent::of(body.accept_lost_writes), caller).await?;
    Ok(tagged(deployment.revision, deployment))
}
