//! `GET|POST /v1/shadows`, `GET /v1/shadows/{id}`, `POST /v1/shadows/{id}/stop`

use axum::extract::State;

use super::AdminState;
use super::caller::By;
use super::canaries::CommandBody;
use super::extract::{Id, IdempotencyKey, Json, OptionalJson, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{Created, Tagged, created, tagged};
use crate::control::ShadowView;
use crate::rollout::shadow::ShadowSpec;

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<ShadowView>> {
    axum::Json(Page::cut(state.control.shadows.list(), &page, |shadow| shadow.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Id(id): Id) -> Result<Tagged<ShadowView>, Problem> {
    let shadow = state.control.shadows.show(&id).await?;
    Ok(tagged(shadow.revision, shadow))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(spec): Json<ShadowSpec>,
) -> Result<Created<ShadowView>, Problem> {
    let caller = caller.because(spec.reason.clone());
    let shadow = state.control.shadows.create(spec, key, caller).await?;
    Ok(created(format!("/v1/shadows/{}", shadow.id), shadow.revision, shadow))
}

pub(super) async fn stop(
    State(state): State<AdminState>,
    Id(id): Id,
    By(caller): By,
    OptionalJson(body): OptionalJson<CommandBody>,
) -> Result<Tagged<ShadowView>, Problem> {
    let caller = caller.because(body.reason);
    let shadow = state.control.shadows.stop(&id, caller).await?;
    Ok(tagged(shadow.revision, shadow))
}
