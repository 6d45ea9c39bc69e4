//! The data file's points as the client's own types. Used by the scenarios that write them.

use qdrant_client::Payload;
use qdrant_client::qdrant::{NamedVectors, PointId, PointStruct, Vector, Vectors};
use serde_json::Value;

pub(super) fn id(point: &Value) -> PointId {
    match point["id"].as_u64() {
        Some(number) => number.into(),
        None => point["id"].as_str().expect("an id of the data file is a number or a string").into(),
    }
}

pub(super) fn floats(list: &Value) -> Vec<f32> {
    // What a JSON number loses on the way to f32 it loses in every client alike.
    items(list).iter().map(|number| number.as_f64().expect("the data file's vectors hold numbers") as f32).collect()
}

fn items(list: &Value) -> &[Value] {
    list.as_array().expect("the data file has a list here")
}

pub(super) fn payload(point: &Value) -> Payload {
    Payload::try_from(point["payload"].clone()).expect("the data file's payloads are objects")
}

/// A point with its one dense vector.
pub(super) fn plain(point: &Value) -> PointStruct {
    PointStruct::new(id(point), floats(&point["dense"]), payload(point))
}

/// A point with a vector of each kind.
pub(super) fn named(point: &Value) -> PointStruct {
    let indices = items(&point["sparse"]["indices"]).iter().filter_map(Value::as_u64);
    let pairs: Vec<(u32, f32)> = indices.map(|index| index as u32).zip(floats(&point["sparse"]["values"])).collect();
    let multi: Vec<Vec<f32>> = items(&point["multi"]).iter().map(floats).collect();
    let vectors: Vectors = NamedVectors::default()
        .add_vector("dense", Vector::from(floats(&point["dense"])))
        .add_vector("multi", Vector::from(multi))
        .add_vector("sparse", Vector::from(pairs))
        .into();
    PointStruct::new(id(point), vectors, payload(point))
}
