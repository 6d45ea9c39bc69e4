//! The reads of `qdrant.Points`: each message becomes the engine's request, each result an answer.

use qdrant_client::qdrant as q;

use super::call::{Failure, check_inner};
use super::convert::{ids, legacy, reads, results, typed};
use crate::engine::{
    DiscoverRequest, LegacyQuery, MatrixResult, QueryRequest, RecommendGroupsRequest, RecommendRequest, SearchGroupsRequest, SearchRequest,
    Store,
};

type Answer<T> = Result<T, Failure>;
type Points = Vec<q::ScoredPoint>;

pub(super) fn get(store: &Store, name: &str, m: q::GetPoints) -> Answer<q::GetResponse> {
    let records = store.retrieve(name, typed(reads::get(m)?)?)?;
    Ok(q::GetResponse { result: records.into_iter().map(results::retrieved).collect(), ..Default::default() })
}

pub(super) fn scroll(store: &Store, name: &str, m: q::ScrollPoints) -> Answer<q::ScrollResponse> {
    let (records, next) = store.scroll(name, typed(reads::scroll(m)?)?)?;
    Ok(q::ScrollResponse {
        next_page_offset: next.map(ids::message),
        result: records.into_iter().map(results::retrieved).collect(),
        ..Default::default()
    })
}

pub(super) fn count(store: &Store, name: &str, m: q::CountPoints) -> Answer<q::CountResponse> {
    let count = store.count(name, typed(reads::count(m)?)?)? as u64;
    Ok(q::CountResponse { result: Some(q::CountResult { count }), ..Default::default() })
}

pub(super) fn facet(store: &Store, name: &str, m: q::FacetCounts) -> Answer<q::FacetResponse> {
    let found = store.facet(name, typed(reads::facet(m)?)?)?;
    Ok(q::FacetResponse { hits: found.hits.into_iter().map(results::facet_hit).collect(), ..Default::default() })
}

fn matrix(store: &Store, name: &str, m: q::SearchMatrixPoints) -> Answer<MatrixResult> {
    Ok(store.matrix(name, &typed(reads::matrix(m)?)?)?)
}

pub(super) fn matrix_pairs(store: &Store, name: &str, m: q::SearchMatrixPoints) -> Answer<q::SearchMatrixPairsResponse> {
    Ok(q::SearchMatrixPairsResponse { result: Some(results::matrix_pairs(matrix(store, name, m)?)), ..Default::default() })
}

pub(super) fn matrix_offsets(store: &Store, name: &str, m: q::SearchMatrixPoints) -> Answer<q::SearchMatrixOffsetsResponse> {
    Ok(q::SearchMatrixOffsetsResponse { result: Some(results::matrix_offsets(matrix(store, name, m)?)), ..Default::default() })
}

fn run(store: &Store, name: &str, request: QueryRequest) -> Answer<Points> {
    Ok(store.query(name, request)?.into_iter().map(results::scored).collect())
}

fn run_all(store: &Store, name: &str, requests: Vec<QueryRequest>) -> Answer<Vec<q::BatchResult>> {
    let lists = store.query_batch(name, requests)?.into_iter();
    Ok(lists.map(|list| q::BatchResult { result: list.into_iter().map(results::scored).collect() }).collect())
}

/// The query an older call stands for. Unlike the query call, these refuse examples that are missing.
fn modern(store: &Store, name: &str, request: impl LegacyQuery) -> Answer<QueryRequest> {
    let request = request.into_query()?;
    store.check_examples(name, &request)?;
    Ok(request)
}

pub(super) fn query(store: &Store, name: &str, m: q::QueryPoints) -> Answer<q::QueryResponse> {
    Ok(q::QueryResponse { result: run(store, name, typed(reads::query(m)?)?)?, ..Default::default() })
}

pub(super) fn query_batch(store: &Store, name: &str, m: q::QueryBatchPoints) -> Answer<q::QueryBatchResponse> {
    check_inner("query_points", m.query_points.iter().map(|inner| inner.collection_name.as_str()))?;
    let requests = m.query_points.into_iter().map(|inner| typed(reads::query(inner)?)).collect::<Result<_, _>>()?;
    Ok(q::QueryBatchResponse { result: run_all(store, name, requests)?, ..Default::default() })
}

pub(super) fn query_groups(store: &Store, name: &str, m: q::QueryPointGroups) -> Answer<q::QueryGroupsResponse> {
    let groups = store.query_groups(name, &typed(reads::query_groups(m)?)?)?;
    Ok(q::QueryGroupsResponse { result: Some(results::groups(groups)), ..Default::default() })
}

pub(super) fn search(store: &Store, name: &str, m: q::SearchPoints) -> Answer<q::SearchResponse> {
    let request = modern(store, name, typed::<SearchRequest>(legacy::search(m)?)?)?;
    Ok(q::SearchResponse { result: run(store, name, request)?, ..Default::default() })
}

pub(super) fn search_batch(store: &Store, name: &str, m: q::SearchBatchPoints) -> Answer<q::SearchBatchResponse> {
    check_inner("search_points", m.search_points.iter().map(|inner| inner.collection_name.as_str()))?;
    let request = |inner| modern(store, name, typed::<SearchRequest>(legacy::search(inner)?)?);
    let requests = m.search_points.into_iter().map(request).collect::<Result<_, _>>()?;
    Ok(q::SearchBatchResponse { result: run_all(store, name, requests)?, ..Default::default() })
}

pub(super) fn search_groups(store: &Store, name: &str, m: q::SearchPointGroups) -> Answer<q::SearchGroupsResponse> {
    let request = typed::<SearchGroupsRequest>(legacy::search_groups(m)?)?.into_groups()?;
    Ok(q::SearchGroupsResponse { result: Some(results::groups(store.query_groups(name, &request)?)), ..Default::default() })
}

pub(super) fn recommend(store: &Store, name: &str, m: q::RecommendPoints) -> Answer<q::RecommendResponse> {
    let request = modern(store, name, typed::<RecommendRequest>(legacy::recommend(m)?)?)?;
    Ok(q::RecommendResponse { result: run(store, name, request)?, ..Default::default() })
}

pub(super) fn recommend_batch(store: &Store, name: &str, m: q::RecommendBatchPoints) -> Answer<q::RecommendBatchResponse> {
    check_inner("recommend_points", m.recommend_points.iter().map(|inner| inner.collection_name.as_str()))?;
    let request = |inner| modern(store, name, typed::<RecommendRequest>(legacy::recommend(inner)?)?);
    let requests = m.recommend_points.into_iter().map(request).collect::<Result<_, _>>()?;
    Ok(q::RecommendBatchResponse { result: run_all(store, name, requests)?, ..Default::default() })
}

pub(super) fn recommend_groups(store: &Store, name: &str, m: q::RecommendPointGroups) -> Answer<q::RecommendGroupsResponse> {
    let request = typed::<RecommendGroupsRequest>(legacy::recommend_groups(m)?)?.into_groups()?;
    store.check_examples(name, &request.query)?;
    Ok(q::RecommendGroupsResponse { result: Some(results::groups(store.query_groups(name, &request)?)), ..Default::default() })
}

pub(super) fn discover(store: &Store, name: &str, m: q::DiscoverPoints) -> Answer<q::DiscoverResponse> {
    let request = modern(store, name, typed::<DiscoverRequest>(legacy::discover(m)?)?)?;
    Ok(q::DiscoverResponse { result: run(store, name, request)?, ..Default::default() })
}

pub(super) fn discover_batch(store: &Store, name: &str, m: q::DiscoverBatchPoints) -> Answer<q::DiscoverBatchResponse> {
    check_inner("discover_points", m.discover_points.iter().map(|inner| inner.collection_name.as_str()))?;
    let request = |inner| modern(store, name, typed::<DiscoverRequest>(legacy::discover(inner)?)?);
    let requests = m.discover_points.into_iter().map(request).collect::<Result<_, _>>()?;
    Ok(q::DiscoverBatchResponse { result: run_all(store, name, requests)?, ..Default::default() })
}
