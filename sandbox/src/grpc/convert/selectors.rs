//! What a read returns and which points it looks at: payload and vector selectors, search parameters, lookups, point selectors.

use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::{
    LookupLocation, PointsSelector, SearchParams, WithLookup, WithPayloadSelector, WithVectorsSelector, with_payload_selector,
    with_vectors_selector,
};
use serde_json::json;

use super::configs::Flat;
use super::{Json, Malformed, Object, filters, ids};

pub(super) fn with_payload(message: WithPayloadSelector) -> Json {
    use with_payload_selector::SelectorOptions;
    Ok(match message.selector_options.ok_or_else(|| Malformed::new("No PayloadSelector"))? {
        SelectorOptions::Enable(flag) => flag.into(),
        SelectorOptions::Include(include) => json!({"include": include.fields}),
        SelectorOptions::Exclude(exclude) => json!({"exclude": exclude.fields}),
    })
}

pub(super) fn with_vectors(message: WithVectorsSelector) -> Json {
    use with_vectors_selector::SelectorOptions;
    Ok(match message.selector_options {
        Some(SelectorOptions::Enable(flag)) => flag.into(),
        Some(SelectorOptions::Include(include)) => include.names.into(),
        None => false.into(),
    })
}

pub(super) fn params(message: &SearchParams) -> Json {
    Ok(Object::default()
        .maybe("hnsw_ef", message.hnsw_ef)
        .maybe("exact", message.exact)
        .maybe("indexed_only", message.indexed_only)
        .maybe("quantization", message.quantization.map(|quantization| quantization.to_json()))
        .maybe("acorn", message.acorn.map(|acorn| acorn.to_json()))
        .done())
}

pub(super) fn lookup_from(message: LookupLocation) -> Json {
    Ok(Object::default()
        .with("collection", message.collection_name)
        .maybe("vector", message.vector_name)
        .convert("shard_key", message.shard_key_selector, ids::shard_keys)?
        .done())
}

pub(super) fn with_lookup(message: WithLookup) -> Json {
    Ok(Object::default()
        .with("collection", message.collection)
        .convert("with_payload", message.with_payload, with_payload)?
        .convert("with_vectors", message.with_vectors, with_vectors)?
        .done())
}

/// Ids or a filter, written into a body that holds the rest of the operation.
pub(super) fn points(body: Object, message: Option<PointsSelector>) -> Result<Object, Malformed> {
    let chosen = message.and_then(|selector| selector.points_selector_one_of);
    Ok(match chosen.ok_or_else(|| Malformed::new("PointSelector is missing"))? {
        PointsSelectorOneOf::Points(list) => body.with("points", ids::ids(list.ids)?),
        PointsSelectorOneOf::Filter(filter) => body.with("filter", filters::filter(filter)?),
    })
}
