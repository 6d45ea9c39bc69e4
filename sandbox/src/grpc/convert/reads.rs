//! Bodies of the reads that the universal query API and its neighbours take.

use qdrant_client::qdrant::{
    CountPoints, FacetCounts, Filter, GetPoints, QueryPointGroups, QueryPoints, ScrollPoints, SearchMatrixPoints, SearchParams,
    ShardKeySelector, WithPayloadSelector, WithVectorsSelector,
};

use super::{Json, Malformed, Object, filters, ids, queries, selectors};

/// What to return, and from which shards: the same three fields in every read.
pub(super) fn returning(
    body: Object,
    payload: Option<WithPayloadSelector>,
    vectors: Option<WithVectorsSelector>,
    shards: Option<ShardKeySelector>,
) -> Result<Object, Malformed> {
    body.convert("with_payload", payload, selectors::with_payload)?.convert("with_vector", vectors, selectors::with_vectors)?.convert(
        "shard_key",
        shards,
        ids::shard_keys,
    )
}

/// How to search: the same three fields in every search.
pub(super) fn searching(
    body: Object,
    filter: Option<Filter>,
    params: Option<SearchParams>,
    threshold: Option<f32>,
) -> Result<Object, Malformed> {
    Ok(body
        .convert("filter", filter, filters::filter)?
        .convert("params", params, |params| selectors::params(&params))?
        .maybe("score_threshold", threshold))
}

pub(in crate::grpc) fn get(message: GetPoints) -> Json {
    let body = Object::default().with("ids", ids::ids(message.ids)?);
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

pub(in crate::grpc) fn scroll(message: ScrollPoints) -> Json {
    let body = Object::default()
        .convert("offset", message.offset, ids::id)?
        .maybe("limit", message.limit)
        .convert("filter", message.filter, filters::filter)?
        .convert("order_by", message.order_by, queries::order_by)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

pub(in crate::grpc) fn count(message: CountPoints) -> Json {
    Ok(Object::default()
        .convert("filter", message.filter, filters::filter)?
        .maybe("exact", message.exact)
        .convert("shard_key", message.shard_key_selector, ids::shard_keys)?
        .done())
}

pub(in crate::grpc) fn facet(message: FacetCounts) -> Json {
    Ok(Object::default()
        .with("key", message.key)
        .maybe("limit", message.limit)
        .convert("filter", message.filter, filters::filter)?
        .maybe("exact", message.exact)
        .convert("shard_key", message.shard_key_selector, ids::shard_keys)?
        .done())
}

pub(in crate::grpc) fn matrix(message: SearchMatrixPoints) -> Json {
    Ok(Object::default()
        .convert("filter", message.filter, filters::filter)?
        .maybe("sample", message.sample)
        .maybe("limit", message.limit)
        .maybe("using", message.using)
        .convert("shard_key", message.shard_key_selector, ids::shard_keys)?
        .done())
}

pub(in crate::grpc) fn query(message: QueryPoints) -> Json {
    let body = Object::default()
        .list("prefetch", message.prefetch, queries::prefetch)?
        .convert("query", message.query, queries::query)?
        .maybe("using", message.using)
        .maybe("limit", message.limit)
        .maybe("offset", message.offset)
        .convert("lookup_from", message.lookup_from, selectors::lookup_from)?;
    let body = searching(body, message.filter, message.params, message.score_threshold)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

pub(in crate::grpc) fn query_groups(message: QueryPointGroups) -> Json {
    let body = Object::default()
        .list("prefetch", message.prefetch, queries::prefetch)?
        .convert("query", message.query, queries::query)?
        .maybe("using", message.using)
        .with("group_by", message.group_by)
        .maybe("group_size", message.group_size)
        .maybe("limit", message.limit)
        .convert("lookup_from", message.lookup_from, selectors::lookup_from)?
        .convert("with_lookup", message.with_lookup, selectors::with_lookup)?;
    let body = searching(body, message.filter, message.params, message.score_threshold)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}
