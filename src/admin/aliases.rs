//! `GET /v1/aliases`, `GET /v1/aliases/{alias}/decision`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::AdminState;
use super::extract::{Alias, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use crate::control::{AliasView, Explained};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> Json<Page<AliasView>> {
    Json(Page::cut(state.control.aliases(), &page, |alias| alias.alias.clone()))
}

/// For whom to decide.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionParams {
    /// None: as for a request that does not say.
    unit: Option<String>,
    /// The variant a request would ask for.
    forced: Option<String>,
}

pub(super) async fn decision(
    State(state): State<AdminState>,
    Alias(alias): Alias,
    Params(params): Params<DecisionParams>,
) -> Result<Json<Explained>, Problem> {
    Ok(Json(state.control.decision(&alias, params.unit.as_deref(), params.forced.as_deref())?))
}
