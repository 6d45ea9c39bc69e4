//! Differences of two JSON values, field by field.

use serde_json::Value;

/// Each field that is not the same, with its path and both values, in order of paths. A field that is `null` is as one
/// that is not there: Qdrant writes either.
pub(super) fn changed_fields(path: &str, old: &Value, new: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    collect(path, old, new, &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn collect(path: &str, old: &Value, new: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (old, new) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in theirs {
                collect(&at(key), value, ours.get(key).unwrap_or(&Value::Null), found);
            }
            for (key, value) in ours.iter().filter(|(key, _)| !theirs.contains_key(*key)) {
                collect(&at(key), &Value::Null, value, found);
            }
        }
        (old, new) if same(old, new) => {}
        (old, new) => found.push((path.to_owned(), old.clone(), new.clone())),
    }
}

/// `1` and `1.0` are the same number in Qdrant's configuration.
fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(theirs), Value::Number(ours)) => theirs == ours || theirs.as_f64() == ours.as_f64(),
        (old, new) => old == new,
    }
}

/// A value in a sentence, shortened.
pub(super) fn show(value: &Value) -> String {
    const LONGEST: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
