//! Points as JSON: identifiers, payloads, vectors, scores. Used by the answers that hold points.

use std::collections::{BTreeMap, HashMap};

use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::vector_output::Vector;
use qdrant_client::qdrant::vectors_output::VectorsOptions;
use qdrant_client::qdrant::{self, PointId, RetrievedPoint, ScoredPoint, VectorOutput, VectorsOutput};
use serde_json::{Value, json};

pub(super) fn id(id: PointId) -> Value {
    match id.point_id_options {
        Some(PointIdOptions::Num(number)) => json!(number),
        Some(PointIdOptions::Uuid(text)) => json!(text),
        None => Value::Null,
    }
}

pub(super) fn rounded(number: f32) -> f64 {
    // Adding zero turns -0.0 into 0.0.
    (f64::from(number) * 1e6).round() / 1e6 + 0.0
}

pub(super) fn retrieved(point: RetrievedPoint) -> Value {
    json!({
        "id": point.id.map(id),
        "payload": payload(point.payload),
        "vectors": point.vectors.map(vectors),
        "order": point.order_value.map(|order| format!("{order:?}")),
    })
}

pub(super) fn scored(point: ScoredPoint) -> Value {
    json!({
        "id": point.id.map(id),
        "score": rounded(point.score),
        "version": point.version,
        "payload": payload(point.payload),
        "vectors": point.vectors.map(vectors),
        "order": point.order_value.map(|order| format!("{order:?}")),
    })
}

/// Points of one score come in no order of their own: each such run is put in order of identifiers.
pub(super) fn ranked(points: Vec<ScoredPoint>) -> Value {
    let mut points: Vec<Value> = points.into_iter().map(scored).collect();
    for run in points.chunk_by_mut(|one, other| one["score"] == other["score"]) {
        run.sort_by_cached_key(|point| point["id"].to_string());
    }
    Value::Array(points)
}

fn payload(fields: HashMap<String, qdrant::Value>) -> Value {
    // Through an ordered map: the wire's order is nobody's.
    let ordered: BTreeMap<String, Value> = fields.into_iter().map(|(key, value)| (key, value.into_json())).collect();
    json!(ordered)
}

fn vectors(vectors: VectorsOutput) -> Value {
    match vectors.vectors_options {
        Some(VectorsOptions::Vector(one)) => vector(one),
        Some(VectorsOptions::Vectors(named)) => {
            let named: BTreeMap<String, Value> = named.vectors.into_iter().map(|(name, one)| (name, vector(one))).collect();
            json!(named)
        }
        None => Value::Null,
    }
}

fn vector(one: VectorOutput) -> Value {
    match one.into_vector() {
        Vector::Dense(dense) => floats(&dense.data),
        Vector::Sparse(sparse) => json!({ "indices": sparse.indices, "values": floats(&sparse.values) }),
        Vector::MultiDense(multi) => multi.vectors.iter().map(|row| floats(&row.data)).collect(),
    }
}

fn floats(numbers: &[f32]) -> Value {
    numbers.iter().copied().map(rounded).collect()
}
