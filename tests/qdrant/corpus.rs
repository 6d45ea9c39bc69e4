//! Points with vectors of every kind, made from their numbers.

use serde_json::{Value, json};

pub(crate) fn definition() -> Value {
    json!({
        "vectors": {
            "text": {"size": 4, "distance": "Cosine"},
            "late": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
        },
        "sparse_vectors": {"words": {"modifier": "idf"}},
    })
}

/// Ids of both kinds: every third is a UUID.
pub(crate) fn id(number: u64) -> Value {
    if number.is_multiple_of(3) {
        json!(format!("{number:08x}-0000-4000-8000-{:012x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff))
    } else {
        json!(number * 7)
    }
}

/// One point; `version` is what an update changes. Some points lack a vector, or a payload.
pub(crate) fn point(number: u64, version: u64) -> Value {
    let x = number as f64 / 97.0 + version as f64 + 0.1;
    let mut vectors = json!({
        "text": [x, 1.0, -x / 3.0, 0.5],
        "late": [[x, 0.25], [1.5, -x]],
        "words": {"indices": [number % 50, 60 + version], "values": [0.5 + x, 0.125]},
    });
    if number.is_multiple_of(5) {
        vectors.as_object_mut().map(|vectors| vectors.remove("late"));
    }
    let payload = json!({"n": number, "version": version, "large": u64::MAX - number, "nested": {"list": [1, null, "two"], "x": x}});
    let mut point = json!({"id": id(number), "vector": vectors});
    if !number.is_multiple_of(11) {
        point["payload"] = payload;
    }
    point
}

pub(crate) fn points(numbers: impl Iterator<Item = u64>, version: u64) -> Vec<Value> {
    numbers.map(|number| point(number, version)).collect()
}
