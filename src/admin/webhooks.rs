//! `GET /v1/webhooks`, `POST /v1/webhooks/{name}/test`

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::caller::By;
use super::extract::{Id, Params};
use super::page::{Page, PageParams};
use super::problem::Problem;
use crate::control::{WebhookTest, WebhookView};

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> Result<Json<Page<WebhookView>>, Problem> {
    Ok(Json(Page::cut(state.control.webhooks.list().await?, &page, |webhook| webhook.name.clone())))
}

/// What came of it is the answer, also when the receiver did not take it.
pub(super) async fn test(State(state): State<AdminState>, Id(name): Id, By(caller): By) -> Result<Json<WebhookTest>, Problem> {
    Ok(Json(state.control.webhooks.test(&name, &caller.actor).await?))
}
