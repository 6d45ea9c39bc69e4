//! Points on the way out: from the engine's records to messages, without a detour through JSON, since answers are mostly points.

use std::collections::HashMap;

use qdrant_client::qdrant::vectors_output::VectorsOptions;
use qdrant_client::qdrant::{
    self as q, DenseVector, FacetHit, FacetValue, GroupsResult, MultiDenseVector, NamedVectorsOutput, OrderValue, RetrievedPoint,
    ScoredPoint, SearchMatrixOffsets, SearchMatrixPair, SearchMatrixPairs, SparseVector, Value, VectorOutput, VectorsOutput, facet_value,
    group_id, order_value, vector_output,
};
use qdrant_edge::{
    FacetValue as EngineFacet, FacetValueHit, OrderValue as EngineOrder, Payload, Record, ScoredPoint as EnginePoint,
    TypedMultiDenseVector, VectorInternal, VectorStructInternal,
};
use uuid::Uuid;

use super::ids;
use crate::engine::{GroupId, MatrixResult, PointGroup};

pub(in crate::grpc) fn scored(point: EnginePoint) -> ScoredPoint {
    ScoredPoint {
        id: Some(ids::message(point.id)),
        payload: payload(point.payload),
        score: point.score,
        version: point.version,
        vectors: point.vector.map(vectors),
        shard_key: None,
        order_value: point.order_value.map(order),
    }
}

pub(in crate::grpc) fn retrieved(record: Record) -> RetrievedPoint {
    RetrievedPoint {
        id: Some(ids::message(record.id)),
        payload: payload(record.payload),
        vectors: record.vector.map(vectors),
        shard_key: None,
        order_value: record.order_value.map(order),
    }
}

fn payload(payload: Option<Payload>) -> HashMap<String, Value> {
    payload.into_iter().flat_map(|payload| payload.0).map(|(key, value)| (key, Value::from(value))).collect()
}

fn order(value: EngineOrder) -> OrderValue {
    let variant = match value {
        EngineOrder::Int(number) => order_value::Variant::Int(number),
        EngineOrder::Float(number) => order_value::Variant::Float(number),
    };
    OrderValue { variant: Some(variant) }
}

fn vectors(vectors: VectorStructInternal) -> VectorsOutput {
    let options = match vectors {
        VectorStructInternal::Single(data) => VectorsOptions::Vector(vector(VectorInternal::Dense(data))),
        VectorStructInternal::MultiDense(rows) => VectorsOptions::Vector(vector(VectorInternal::MultiDense(rows))),
        VectorStructInternal::Named(named) => {
            VectorsOptions::Vectors(NamedVectorsOutput { vectors: named.into_iter().map(|(name, one)| (name, vector(one))).collect() })
        }
    };
    VectorsOutput { vectors_options: Some(options) }
}

fn vector(value: VectorInternal) -> VectorOutput {
    let vector = match value {
        VectorInternal::Dense(data) => vector_output::Vector::Dense(DenseVector { data }),
        VectorInternal::Sparse(sparse) => vector_output::Vector::Sparse(SparseVector { values: sparse.values, indices: sparse.indices }),
        VectorInternal::MultiDense(rows) => vector_output::Vector::MultiDense(multi(&rows)),
    };
    VectorOutput { vector: Some(vector), ..VectorOutput::default() }
}

fn multi(rows: &TypedMultiDenseVector<f32>) -> MultiDenseVector {
    MultiDenseVector { vectors: rows.flattened_vectors.chunks_exact(rows.dim).map(|row| DenseVector { data: row.to_vec() }).collect() }
}

pub(in crate::grpc) fn groups(groups: Vec<PointGroup>) -> GroupsResult {
    let group = |group: PointGroup| q::PointGroup {
        id: Some(group_id(group.id)),
        hits: group.hits.into_iter().map(scored).collect(),
        lookup: group.lookup.map(retrieved),
    };
    GroupsResult { groups: groups.into_iter().map(group).collect() }
}

fn group_id(id: GroupId) -> q::GroupId {
    let kind = match id {
        GroupId::Unsigned(number) => group_id::Kind::UnsignedValue(number),
        GroupId::Integer(number) => group_id::Kind::IntegerValue(number),
        GroupId::Text(text) => group_id::Kind::StringValue(text),
    };
    q::GroupId { kind: Some(kind) }
}

/// A UUID is text on the way out, as it was on the way in.
pub(in crate::grpc) fn facet_hit(hit: FacetValueHit) -> FacetHit {
    let variant = match hit.value {
        EngineFacet::Keyword(text) => facet_value::Variant::StringValue(text),
        EngineFacet::Int(number) => facet_value::Variant::IntegerValue(number),
        EngineFacet::Uuid(number) => facet_value::Variant::StringValue(Uuid::from_u128(number).to_string()),
        EngineFacet::Bool(flag) => facet_value::Variant::BoolValue(flag),
    };
    FacetHit { value: Some(FacetValue { variant: Some(variant) }), count: hit.count as u64 }
}

pub(in crate::grpc) fn matrix_pairs(matrix: MatrixResult) -> SearchMatrixPairs {
    let rows = matrix.ids.into_iter().zip(matrix.neighbours);
    let pairs = rows.flat_map(|(a, neighbours)| {
        neighbours.into_iter().map(move |b| SearchMatrixPair { a: Some(ids::message(a)), b: Some(ids::message(b.id)), score: b.score })
    });
    SearchMatrixPairs { pairs: pairs.collect() }
}

pub(in crate::grpc) fn matrix_offsets(matrix: MatrixResult) -> SearchMatrixOffsets {
    let columns: HashMap<_, _> = matrix.ids.iter().zip(0_u64..).map(|(id, at)| (*id, at)).collect();
    let mut offsets = SearchMatrixOffsets::default();
    for (row, neighbours) in (0_u64..).zip(matrix.neighbours) {
        for (column, near) in neighbours.iter().filter_map(|near| Some((columns.get(&near.id)?, near))) {
            offsets.offsets_row.push(row);
            offsets.offsets_col.push(*column);
            offsets.scores.push(near.score);
        }
    }
    offsets.ids = matrix.ids.into_iter().map(ids::message).collect();
    offsets
}
