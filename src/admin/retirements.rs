//! `GET|POST /v1/retirements`, `POST /v1/retirements/plan`, `GET /v1/retirements/{id}`, `POST /v1/retirements/{id}/cancel`

use axum::extract::{Path, State};
use axum::response::IntoResponse;

use super::AdminState;
use super::caller::By;
use super::extract::{IdempotencyKey, Json, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{created, tagged};
use crate::control::{FamilyPlan, FamilyRequest, RetirementRequest, RetirementView};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<RetirementView>> {
    axum::Json(Page::cut(state.control.retirements.list(), &page, |view| view.retirement.id.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>) -> Result<impl IntoResponse, Problem> {
    let view = state.control.retirements.show(&id)?;
    Ok(tagged(view.revision, view))
}

pub(super) async fn create(
    State(state): State<AdminState>,
    By(caller): By,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<RetirementRequest>,
) -> Result<impl IntoResponse, Problem> {
    let view = state.control.retirements.create(request, key, caller).await?;
    Ok(created(format!("/v1/retirements/{}", view.retirement.id), view.revision, view))
}

pub(super) async fn cancel(State(state): State<AdminState>, Path(id): Path<String>, By(caller): By) -> Result<impl IntoResponse, Problem> {
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
