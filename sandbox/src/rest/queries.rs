//! Calls that search: the query call and those from before it.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::render;
use crate::Shared;
use crate::engine::{
    DiscoverRequest, EngineResult, LegacyQuery, QueryRequest, RecommendGroupsRequest, RecommendRequest, SearchGroupsRequest, SearchRequest,
    Store,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/collections/{name}/points/query", post(query))
        .route("/collections/{name}/points/query/batch", post(query_batch))
        .route("/collections/{name}/points/query/groups", post(query_groups))
        .route("/collections/{name}/points/search", post(search))
        .route("/collections/{name}/points/search/batch", post(search_batch))
        .route("/collections/{name}/points/search/groups", post(search_groups))
        .route("/collections/{name}/points/search/matrix/pairs", post(matrix_pairs))
        .route("/collections/{name}/points/search/matrix/offsets", post(matrix_offsets))
        .route("/collections/{name}/points/recommend", post(recommend))
        .route("/collections/{name}/points/recommend/batch", post(recommend_batch))
        .route("/collections/{name}/points/recommend/groups", post(recommend_groups))
        .route("/collections/{name}/points/discover", post(discover))
        .route("/collections/{name}/points/discover/batch", post(discover_batch))
}

/// The body of every batch.
#[derive(Deserialize)]
struct Searches<T> {
    searches: Vec<T>,
}

async fn query(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.query(&call.name, call.json()?).map(render::points)).await
}

async fn query_batch(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let searches = call.json::<Searches<QueryRequest>>()?.searches;
        let results = store.query_batch(&call.name, searches)?;
        Ok(results.into_iter().map(render::points).collect::<Vec<_>>())
    })
    .await
}

async fn query_groups(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.query_groups(&call.name, &call.json()?).map(render::groups)).await
}

async fn search_groups(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let request = call.json::<SearchGroupsRequest>()?.into_groups()?;
        store.query_groups(&call.name, &request).map(render::groups)
    })
    .await
}

async fn recommend_groups(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let request = call.json::<RecommendGroupsRequest>()?.into_groups()?;
        store.check_examples(&call.name, &request.query)?;
        store.query_groups(&call.name, &request).map(render::groups)
    })
    .await
}

async fn search(State(shared): State<Shared>, call: Call) -> Response {
    one::<SearchRequest>(shared, call).await
}

async fn search_batch(State(shared): State<Shared>, call: Call) -> Response {
    many::<SearchRequest>(shared, call).await
}

async fn recommend(State(shared): State<Shared>, call: Call) -> Response {
    one::<RecommendRequest>(shared, call).await
}

async fn recommend_batch(State(shared): State<Shared>, call: Call) -> Response {
    many::<RecommendRequest>(shared, call).await
}

async fn discover(State(shared): State<Shared>, call: Call) -> Response {
    one::<DiscoverRequest>(shared, call).await
}

async fn discover_batch(State(shared): State<Shared>, call: Call) -> Response {
    many::<DiscoverRequest>(shared, call).await
}

async fn one<T: LegacyQuery + DeserializeOwned>(shared: Shared, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let request = checked(store, &call.name, call.json::<T>()?)?;
        store.query(&call.name, request).map(render::hits)
    })
    .await
}

async fn many<T: LegacyQuery + DeserializeOwned>(shared: Shared, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let searches = call.json::<Searches<T>>()?.searches;
        let requests = searches.into_iter().map(|request| checked(store, &call.name, request)).collect::<EngineResult<_>>()?;
        let results = store.query_batch(&call.name, requests)?;
        Ok(results.into_iter().map(render::hits).collect::<Vec<_>>())
    })
    .await
}

fn checked(store: &Store, name: &str, request: impl LegacyQuery) -> EngineResult<QueryRequest> {
    let request = request.into_query()?;
    store.check_examples(name, &request)?;
    Ok(request)
}

async fn matrix_pairs(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| {
        let matrix = store.matrix(&call.name, &call.json()?)?;
        Ok(render::pairs(&matrix))
    })
    .await
}

async fn matrix_offsets(State(shared): State<Shared>, call: Call) -> Response {
    call.answer(&shared, |store, call| store.matrix(&call.name, &call.json()?).map(render::offsets)).await
}
