//! `GET /v1/aliases`, `PUT|DELETE /v1/aliases/{alias}`, `POST /v1/aliases/{alias}/switch`, and what is asked about one

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::caller::By;
use super::extract::{Alias, Json as Body, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use crate::control::{AliasChange, AliasChanged, AliasView, Comparison, Explained};
use crate::protocol::Read;

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> Json<Page<AliasView>> {
    Json(Page::cut(state.control.aliases.list(), &page, |alias| alias.alias.clone()))
}

pub(super) async fn show(State(state): State<AdminState>, Alias(alias): Alias) -> Result<Json<AliasView>, Problem> {
    Ok(Json(state.control.aliases.show(&alias)?))
}

/// For whom to decide.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionParams {
    /// The unit to decide for, such as a user id. Default: a request without one.
    unit: Option<String>,
    /// The kind of read.
    #[serde(default)]
    read: Read,
    /// The variant that the request asks for. It counts only where `identity.force_header` is configured.
    forced: Option<String>,
}

pub(super) async fn decision(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    Params(params): Params<DecisionParams>,
) -> Result<Json<Explained>, Problem> {
    Ok(Json(state.control.aliases.decision(&alias, params.read, params.unit.as_deref(), params.forced.as_deref())?))
}

pub(super) async fn put(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    By(caller): By,
    Body(change): Body<AliasChange>,
) -> Result<Json<AliasChanged>, Problem> {
    Ok(Json(state.control.aliases.put(&alias, change, caller).await?))
}

pub(super) async fn switch(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    By(caller): By,
    Body(change): Body<AliasChange>,
) -> Result<Json<AliasChanged>, Problem> {
    Ok(Json(state.control.aliases.switch(&alias, change, caller).await?))
}

pub(super) async fn delete(State(state): State<AdminState>, Alias(alias): Alias, By(caller): By) -> Result<Json<AliasChanged>, Problem> {
    Ok(Json(state.control.aliases.delete(&alias, caller).await?))
}

/// With which collection to compare.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareParams {
    /// The collection to compare with.
    collection: String,
}

pub(super) async fn compatibility(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    Params(params): Params<CompareParams>,
) -> Result<Json<Comparison>, Problem> {
    Ok(Json(state.control.aliases.compare(&alias, &params.collection).await?))
}
