//! Fields of an answer as words. Another version's answer may lack any of them, so nothing is taken for granted.

use serde_json::Value;

/// `-` for what is not there; lists with commas.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.as_f64().filter(|_| number.is_f64()).map_or_else(|| number.to_string(), round),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
    }
}

/// A code such as `aliases_not_listed`.
pub(super) fn spelt(value: &Value) -> String {
    words(value).replace('_', " ")
}

/// A fraction.
pub(super) fn percent(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |fraction| format!("{} %", round(fraction * 100.0)))
}

/// What is a percentage already.
pub(super) fn percentage(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |share| format!("{} %", round(share)))
}

pub(super) fn milliseconds(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |length| format!("{length:.1} ms"))
}

pub(super) fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

/// The grain of a share is a ten-thousandth of a per cent.
fn round(number: f64) -> String {
    ((number * 1e4).round() / 1e4).to_string()
}

/// `1 alias`, `2 aliases`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_words() {
        let said = [json!(null), json!([]), json!(["a", 2]), json!(true), json!(50.0), json!(0.1 + 0.2)].map(|value| words(&value));
        assert_eq!(said, ["-", "-", "a, 2", "yes", "50", "0.3"]);
        assert_eq!(
            (percent(&json!(0.015)), percentage(&json!(0.0001)), percent(&Value::Null)),
            ("1.5 %".into(), "0.0001 %".into(), "-".into())
        );
    }
}
