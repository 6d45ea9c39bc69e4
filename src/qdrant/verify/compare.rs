//! Comparing payloads and vectors. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// No payload and an empty one are the same: Qdrant writes either.
pub(super) fn same_payload(theirs: &Value, ours: &Value) -> bool {
    let empty = Map::new();
    let fields = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    fields(theirs) == fields(ours)
}

/// The names of vectors that are not the same; the unnamed one is the empty name.
pub(super) fn vectors_that_differ(theirs: &Value, ours: &Value, tolerance: f64) -> Vec<String> {
    let (theirs, ours) = (by_name(theirs), by_name(ours));
    let names: BTreeSet<&str> = theirs.keys().chain(ours.keys()).copied().collect();
    let same = |name: &str| match (theirs.get(name), ours.get(name)) {
        (Some(theirs), Some(ours)) => same_vector(theirs, ours, tolerance),
        _ => false,
    };
    names.into_iter().filter(|name| !same(name)).map(str::to_owned).collect()
}

fn by_name(vectors: &Value) -> BTreeMap<&str, &Value> {
    match vectors {
        Value::Null => BTreeMap::new(),
        Value::Object(named) => named.iter().map(|(name, vector)| (name.as_str(), vector)).collect(),
        unnamed => BTreeMap::from([("", unnamed)]),
    }
}

/// Numbers, rows of numbers, or indices with values.
fn same_vector(theirs: &Value, ours: &Value, tolerance: f64) -> bool {
    match (theirs, ours) {
        (Value::Number(theirs), Value::Number(ours)) => near(theirs.as_f64(), ours.as_f64(), tolerance),
        (Value::Array(theirs), Value::Array(ours)) => {
            theirs.len() == ours.len() && theirs.iter().zip(ours).all(|(theirs, ours)| same_vector(theirs, ours, tolerance))
        }
        (Value::Object(_), Value::Object(_)) => match (sparse(theirs), sparse(ours)) {
            (Some(theirs), Some(ours)) => {
                theirs.len() == ours.len() && theirs.iter().all(|(index, value)| near(Some(*value), ours.get(index).copied(), tolerance))
            }
            _ => theirs == ours,
        },
        _ => false,
    }
}

/// A sparse vector has no order.
fn sparse(vector: &Value) -> Option<BTreeMap<u64, f64>> {
    let numbers = |key: &str| vector.get(key)?.as_array();
    let (indices, values) = (numbers("indices")?, numbers("values")?);
    indices.iter().zip(values).map(|(index, value)| Some((index.as_u64()?, value.as_f64()?))).collect()
}

fn near(theirs: Option<f64>, ours: Option<f64>, tolerance: f64) -> bool {
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => (theirs - ours).abs() <= tolerance * theirs.abs().max(ours.abs()).max(1.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{same_payload, vectors_that_differ};

    #[test]
    fn vectors_of_every_kind_are_compared_by_name() {
        let theirs = json!({"text": [0.5, 0.25], "late": [[1, 2], [3, 4]], "words": {"indices": [9, 3], "values": [0.1, 0.2]}});
        let same = json!({"words": {"indices": [3, 9], "values": [0.2, 0.1]}, "late": [[1.0, 2.0], [3.0, 4.0]], "text": [0.5, 0.250001]});
        assert_eq!(vectors_that_differ(&theirs, &same, 1e-5), Vec::<String>::new());
        let other = json!({"text": [0.5, 0.26], "late": [[1, 2]], "words": {"indices": [3, 8], "values": [0.2, 0.1]}, "new": [1]});
        assert_eq!(vectors_that_differ(&theirs, &other, 1e-5), ["late", "new", "text", "words"]);
        assert_eq!(vectors_that_differ(&json!([1, 2]), &json!([1, 3]), 1e-5), [""]);
        assert_eq!(vectors_that_differ(&json!(null), &json!({}), 1e-5), Vec::<String>::new());
        assert_eq!(vectors_that_differ(&json!([1, 2]), &json!(null), 1e-5), [""]);
    }

    #[test]
    fn payloads_have_no_order_and_nothing_is_as_good_as_empty() {
        assert!(same_payload(&json!({"a": 1, "b": [1]}), &json!({"b": [1], "a": 1})));
        assert!(same_payload(&json!(null), &json!({})));
        assert!(!same_payload(&json!({"a": 18_446_744_073_709_551_615_u64}), &json!({"a": 18_446_744_073_709_551_614_u64})));
        assert!(!same_payload(&json!({"a": 1}), &json!({})));
    }
}
