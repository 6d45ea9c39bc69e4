//! Points on the way out: from the engine's records to messages, without a detour through JSON, since answers are mostly points.

use std::collections::HashMap;

use qdrant_client::qdrant::vectors_output::VectorsOptions;
use qdrant_client::qdrant::{
    DenseVector, MultiDenseVector, NamedVectorsOutput, OrderValue, RetrievedPoint, ScoredPoint, SparseVector, Value, VectorOutput,
    VectorsOutput, order_value, vector_output,
};
use qdrant_edge::{
    OrderValue as EngineOrder, Payload, Record, ScoredPoint as EnginePoint, TypedMultiDenseVector, VectorInternal, VectorStructInternal,
};

use super::ids;

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
