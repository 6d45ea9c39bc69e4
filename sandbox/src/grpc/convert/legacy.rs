//! Bodies of search, recommend and discover: the API before the universal query, still served.

use qdrant_client::qdrant::{
    ContextExamplePair, DiscoverPoints, PointId, RecommendPointGroups, RecommendPoints, SearchPointGroups, SearchPoints, SparseIndices,
    Vector, VectorExample, target_vector, vector_example,
};
use serde_json::{Value, json};

use super::reads::{returning, searching};
use super::{Json, Malformed, Object, ids, queries, required, selectors, vectors};

/// A bare list for the unnamed dense vector; otherwise an object with the name, as REST has it.
fn target(data: Vec<f32>, name: Option<String>, indices: Option<SparseIndices>) -> Value {
    match (indices, name) {
        (Some(indices), name) => json!({"name": name.unwrap_or_default(), "vector": {"indices": indices.data, "values": data}}),
        (None, Some(name)) => json!({"name": name, "vector": data}),
        (None, None) => data.into(),
    }
}

pub(in crate::grpc) fn search(message: SearchPoints) -> Json {
    let body = Object::default()
        .with("vector", target(message.vector, message.vector_name, message.sparse_indices))
        .with("limit", message.limit)
        .maybe("offset", message.offset);
    let body = searching(body, message.filter, message.params, message.score_threshold)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

pub(in crate::grpc) fn search_groups(message: SearchPointGroups) -> Json {
    let body = Object::default()
        .with("vector", target(message.vector, message.vector_name, message.sparse_indices))
        .with("limit", message.limit)
        .with("group_by", message.group_by)
        .with("group_size", message.group_size)
        .convert("with_lookup", message.with_lookup, selectors::with_lookup)?;
    let body = searching(body, message.filter, message.params, message.score_threshold)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

/// Examples by id and by vector travel in two fields and are one list in REST.
fn examples(points: Vec<PointId>, given: Vec<Vector>) -> Json {
    let mut all = points.into_iter().map(ids::id).collect::<Result<Vec<_>, Malformed>>()?;
    for vector in given {
        all.push(vectors::vector(vector)?);
    }
    Ok(all.into())
}

pub(in crate::grpc) fn recommend(message: RecommendPoints) -> Json {
    let body = Object::default()
        .with("positive", examples(message.positive, message.positive_vectors)?)
        .with("negative", examples(message.negative, message.negative_vectors)?)
        .convert("strategy", message.strategy, queries::strategy)?
        .maybe("using", message.using)
        .with("limit", message.limit)
        .maybe("offset", message.offset)
        .convert("lookup_from", message.lookup_from, selectors::lookup_from)?;
    let body = searching(body, message.filter, message.params, message.score_threshold)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

pub(in crate::grpc) fn recommend_groups(message: RecommendPointGroups) -> Json {
    let body = Object::default()
        .with("positive", examples(message.positive, message.positive_vectors)?)
        .with("negative", examples(message.negative, message.negative_vectors)?)
        .convert("strategy", message.strategy, queries::strategy)?
        .maybe("using", message.using)
        .with("limit", message.limit)
        .with("group_by", message.group_by)
        .with("group_size", message.group_size)
        .convert("lookup_from", message.lookup_from, selectors::lookup_from)?
        .convert("with_lookup", message.with_lookup, selectors::with_lookup)?;
    let body = searching(body, message.filter, message.params, message.score_threshold)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

pub(in crate::grpc) fn discover(message: DiscoverPoints) -> Json {
    let target = message.target.and_then(|target| target.target).map(|target_vector::Target::Single(single)| single);
    let body = Object::default()
        .convert("target", target, example)?
        .list("context", message.context, pair)?
        .maybe("using", message.using)
        .with("limit", message.limit)
        .maybe("offset", message.offset)
        .convert("lookup_from", message.lookup_from, selectors::lookup_from)?;
    let body = searching(body, message.filter, message.params, None)?;
    Ok(returning(body, message.with_payload, message.with_vectors, message.shard_key_selector)?.done())
}

fn pair(message: ContextExamplePair) -> Json {
    let positive = example(required(message.positive, "positive of a context pair")?)?;
    Ok(json!({"positive": positive, "negative": example(required(message.negative, "negative of a context pair")?)?}))
}

fn example(message: VectorExample) -> Json {
    match required(message.example, "example")? {
        vector_example::Example::Id(id) => ids::id(id),
        vector_example::Example::Vector(vector) => vectors::vector(vector),
    }
}
