//! Vectors as clients send them: dense, sparse, multi, named, or a document to be embedded.

use std::collections::HashMap;

use qdrant_client::qdrant::vectors::VectorsOptions;
use qdrant_client::qdrant::{
    Document, Image, InferenceObject, MultiDenseVector, SparseVector, Value as ProtoValue, Vector, VectorInput, Vectors, vector,
    vector_input,
};
use serde_json::{Map, Value, json};

use super::{Json, Malformed, Object, ids, required, typed};
use crate::engine::{VectorValue, VectorsValue};

/// A payload, or options of an inference: JSON objects both.
pub(super) fn object(fields: HashMap<String, ProtoValue>) -> Value {
    Value::Object(fields.into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>())
}

/// The vectors of a point, typed at once: an upsert may hold millions of numbers, and as JSON values they would take many times their size.
pub(super) fn of_point(message: Option<Vectors>) -> Result<VectorsValue, Malformed> {
    match message.and_then(|vectors| vectors.vectors_options).ok_or_else(|| Malformed::new("Expected some vectors"))? {
        VectorsOptions::Vector(single) => match stored(single)? {
            VectorValue::Dense(values) => Ok(VectorsValue::Single(values)),
            VectorValue::MultiDense(rows) => Ok(VectorsValue::MultiDense(rows)),
            VectorValue::Document(document) => Ok(VectorsValue::Document(document)),
            VectorValue::Foreign(input) => Ok(VectorsValue::Foreign(input)),
            // Neither REST nor Qdrant has an unnamed sparse vector.
            VectorValue::Sparse(_) => Err(Malformed::new("Sparse vector must be named")),
        },
        VectorsOptions::Vectors(named) => {
            let entries = named.vectors.into_iter().map(|(name, one)| Ok((name, stored(one)?)));
            entries.collect::<Result<HashMap<_, _>, Malformed>>().map(VectorsValue::Named)
        }
    }
}

fn stored(message: Vector) -> Result<VectorValue, Malformed> {
    match message.vector {
        Some(vector::Vector::Dense(dense)) => Ok(VectorValue::Dense(dense.data)),
        None if is_plain(&message) => Ok(VectorValue::Dense(plain(message))),
        _ => typed(vector(message)?),
    }
}

#[expect(deprecated, reason = "older clients still write these fields")]
fn is_plain(message: &Vector) -> bool {
    message.indices.is_none() && matches!(message.vectors_count, None | Some(1))
}

#[expect(deprecated, reason = "older clients still write these fields")]
fn plain(message: Vector) -> Vec<f32> {
    message.data
}

pub(super) fn vector(message: Vector) -> Json {
    match message.vector {
        Some(vector::Vector::Dense(dense)) => Ok(dense.data.into()),
        Some(vector::Vector::Sparse(sparse)) => Ok(sparse_json(sparse)),
        Some(vector::Vector::MultiDense(multi)) => Ok(multi_json(multi)),
        Some(vector::Vector::Document(document)) => Ok(document_json(document)),
        Some(vector::Vector::Image(image)) => image_json(image),
        Some(vector::Vector::Object(object)) => object_json(object),
        None => flat(message),
    }
}

/// The fields clients sent before release 1.16, which Qdrant still reads: one flat list, with indices or a row count beside it.
#[expect(deprecated, reason = "older clients still write these fields")]
fn flat(message: Vector) -> Json {
    if let Some(indices) = message.indices {
        return Ok(json!({"indices": indices.data, "values": message.data}));
    }
    match message.vectors_count {
        None | Some(1) => Ok(message.data.into()),
        Some(0) => Err(Malformed::new("Vector count should be greater than 0")),
        Some(rows) => {
            let rows = rows as usize;
            if !message.data.len().is_multiple_of(rows) || message.data.is_empty() {
                return Err(Malformed(format!("Incorrect vectors count {rows} for flat data of length {}", message.data.len())));
            }
            Ok(message.data.chunks(message.data.len() / rows).map(Value::from).collect::<Vec<_>>().into())
        }
    }
}

pub(super) fn input(message: VectorInput) -> Json {
    use vector_input::Variant;
    match required(message.variant, "variant of a vector input")? {
        Variant::Id(id) => ids::id(id),
        Variant::Dense(dense) => Ok(dense.data.into()),
        Variant::Sparse(sparse) => Ok(sparse_json(sparse)),
        Variant::MultiDense(multi) => Ok(multi_json(multi)),
        Variant::Document(document) => Ok(document_json(document)),
        Variant::Image(image) => image_json(image),
        Variant::Object(object) => object_json(object),
    }
}

fn sparse_json(sparse: SparseVector) -> Value {
    let SparseVector { indices, values } = sparse;
    Object::default().with("indices", indices).with("values", values).done()
}

fn multi_json(multi: MultiDenseVector) -> Value {
    multi.vectors.into_iter().map(|row| Value::from(row.data)).collect::<Vec<_>>().into()
}

fn options(fields: HashMap<String, ProtoValue>) -> Option<Value> {
    (!fields.is_empty()).then(|| object(fields))
}

fn document_json(document: Document) -> Value {
    Object::default().with("text", document.text).with("model", document.model).maybe("options", options(document.options)).done()
}

fn image_json(image: Image) -> Json {
    let content = Value::from(required(image.image, "image")?);
    Ok(Object::default().with("image", content).with("model", image.model).maybe("options", options(image.options)).done())
}

fn object_json(object: InferenceObject) -> Json {
    let content = Value::from(required(object.object, "inference object")?);
    Ok(Object::default().with("object", content).with("model", object.model).maybe("options", options(object.options)).done())
}
