//! `GET /v1/collections`

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::extract::Params;
use super::page::{Page, PageParams};
use crate::control::CollectionView;

pub(super) async fn list(State(state): State<AdminState>, Params(page): Params<PageParams>) -> Json<Page<CollectionView>> {
    Json(Page::cut(state.control.aliases.collections(), &page, CollectionView::cursor))
}
