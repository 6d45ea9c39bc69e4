//! `GET /v1/routes`, `GET|PUT|DELETE /v1/routes/{alias}`, `PATCH /v1/routes/{alias}/weights`

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::caller::By;
use super::extract::{Alias, IfMatch, Json, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use super::tagged::{self, Put, Tagged, tagged};
use crate::control::{RouteView, Weights};
use crate::routing::RouteSpec;

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> axum::Json<Page<RouteView>> {
    axum::Json(Page::cut(state.control.routes.list(), &page, |route| route.alias.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Alias(alias): Alias) -> Result<Tagged<RouteView>, Problem> {
    let route = state.control.routes.show(&alias)?;
    Ok(tagged(route.revision, route))
}

/// Creates without `If-Match`, replaces with it.
pub(super) async fn put(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    IfMatch(expected): IfMatch,
    By(caller): By,
    Json(spec): Json<RouteSpec>,
) -> Result<Put<RouteView>, Problem> {
    let (created, route) = state.control.routes.put(&alias, spec, expected, caller).await?;
    Ok(tagged::put(created, route.revision, route))
}

/// New weights, every variant named.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RouteWeights")]
pub(super) struct WeightsBody {
    /// The weight of every variant by name. A variant that is left out is a fault.
    weights: Weights,
}

pub(super) async fn patch_weights(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    IfMatch(expected): IfMatch,
    By(caller): By,
    Json(body): Json<WeightsBody>,
) -> Result<Tagged<RouteView>, Problem> {
    let route = state.control.routes.patch_weights(&alias, body.weights, expected, caller).await?;
    Ok(tagged(route.revision, route))
}

pub(super) async fn delete(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    IfMatch(expected): IfMatch,
    By(caller): By,
) -> Result<StatusCode, Problem> {
    state.control.routes.delete(&alias, expected, caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
