//! Calls about aliases.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use crate::Shared;
use crate::engine::AliasAction;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/aliases", get(list))
        .route("/collections/aliases", post(change))
        .route("/collections/{name}/aliases", get(of_collection))
}

#[derive(Deserialize)]
struct ChangeAliases {
    actions: Vec<AliasAction>,
}

async fn list(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, _| Ok(json!({"aliases": store.aliases()}))).await
}

async fn of_collection(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| Ok(json!({"aliases": store.collection_aliases(&call.name)}))).await
}

async fn change(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.change_aliases(call.json::<ChangeAliases>()?.actions)).await
}
