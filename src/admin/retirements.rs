//! `GET|POST /v1/retirements`, `POST /v1/retirements/plan`, `GET /v1/retirements/{id}`, `POST /v1/retirements/{id}/cancel`

use axum::extract::State;

use super::AdminState;
use super::caller::By;
use super::extract::{Id, IdempotencyKey, Json, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{Created, Tagged, created, tagged};
use crate::control::{FamilyPlan, FamilyRequest, RetirementRequest, RetirementView};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<RetirementView>> {
    axum::Json(Page::cut(state.control.retirements.list(), &page, |view| view.retirement.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Id(id): Id) -> Result<Tagged<RetirementView>, Problem> {
    let view = state.control.retirements.show(&id)?;
    Ok(tagged(view.revision, view))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<RetirementRequest>,
) -> Result<Created<RetirementView>, Problem> {
    let view = state.control.retirements.create(request, key, caller).await?;
    Ok(created(format!("/v1/retirements/{}", view.retirement.id), view.revision, view))
}

pub(super) async fn cancel(State(state): State<AdminState>, Id(id): Id, By(caller): By) -> Result<Tagged<RetirementView>, Problem> {
    let view = state.control.retirements.cancel(&id, caller).await?;
    Ok(tagged(view.revision, view))
}

pub(super) async fn plan(
    State(state): State<AdminState>,
    By(caller): By,
    Json(request): Json<FamilyRequest>,
) -> Result<axum::Json<FamilyPlan>, Problem> {
    Ok(axum::Json(state.control.retirements.plan(request, caller).await?))
}
