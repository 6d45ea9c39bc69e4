//! `GET /v1/audit`, and `GET /v1/events` as a list: who did what, and what has happened, newest first

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::extract::Params;
use super::problem::Problem;
use super::user_ids::{Shown, Sight};
use crate::store::{AuditRow, Filter, Page};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1000;

/// Which part of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryParams {
    /// Only entries about this alias, collection or id.
    pub(super) subject: Option<String>,
    /// The `next` of the page before.
    pub(super) before: Option<u64>,
    /// From 1 to 1000 items, default 100. Values outside are taken as the nearest.
    pub(super) limit: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct HistoryPage<T> {
    items: Vec<T>,
    /// What to put into `before` for the next page; none on the last one.
    next: Option<u64>,
}

impl From<HistoryParams> for Filter {
    fn from(params: HistoryParams) -> Self {
        let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        Self { subject: params.subject, before: params.before, limit }
    }
}

impl<T> From<Page<T>> for HistoryPage<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next: page.next }
    }
}

pub(super) async fn audit(
    State(state): State<AdminState>,
    Params(params): Params<HistoryParams>,
    sight: Sight,
) -> Result<Json<Shown<HistoryPage<AuditRow>>>, Problem> {
    let page: HistoryPage<AuditRow> = state.control.audit(&params.into()).await?.into();
    Ok(Json(sight.of(&page)))
}
