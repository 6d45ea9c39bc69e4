//! What Prometheus answers to an instant query, and the one number in it.

use serde::Deserialize;
use serde_json::Value;

use super::NoValue;

/// The envelope of its HTTP API.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Answer {
    Success { data: Data },
    Error { error: String },
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

/// The value of a scalar, or of a vector that has exactly one element.
pub(super) fn value(body: &[u8]) -> Result<f64, NoValue> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| NoValue::Unreadable(error.to_string()))?;
    let Data { kind, result } = match answer {
        Answer::Success { data } => data,
        Answer::Error { error } => return Err(NoValue::Refused(error)),
    };
    let sample = match kind.as_str() {
        "scalar" => &result,
        "vector" => match result.as_array().map(Vec::as_slice) {
            Some([]) => return Err(NoValue::NoData),
            Some([element]) => &element["value"],
            Some(elements) => return Err(NoValue::Many(elements.len())),
            None => return Err(NoValue::Unreadable("the vector is no list".to_owned())),
        },
        _ => return Err(NoValue::Kind(kind)),
    };
    // A moment and a text, since JSON has no word for NaN.
    let text = sample[1].as_str().ok_or_else(|| NoValue::Unreadable("the value has no text".to_owned()))?;
    let value: f64 = text.parse().map_err(|_| NoValue::Unreadable(format!("`{text}` is no number")))?;
    if value.is_finite() { Ok(value) } else { Err(NoValue::NotFinite(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(elements: &str) -> String {
        format!(r#"{{"status": "success", "data": {{"resultType": "vector", "result": [{elements}]}}}}"#)
    }

    fn read(text: &str) -> Result<f64, String> {
        value(text.as_bytes()).map_err(|none| none.to_string())
    }

    #[test]
    fn one_number_is_a_value() {
        assert_eq!(read(&vector(r#"{"metric": {"a": "b"}, "value": [1.5, "0.25"]}"#)), Ok(0.25));
        let scalar = r#"{"status": "success", "data": {"resultType": "scalar", "result": [1.5, "-3e2"]}, "warnings": ["w"]}"#;
        assert_eq!(read(scalar), Ok(-300.0));
    }

    #[test]
    fn everything_else_is_a_reason() {
        let element = r#"{"metric": {}, "value": [1, "1"]}"#;
        let string = r#"{"status": "success", "data": {"resultType": "string", "result": [1, "x"]}}"#;
        for (text, reason) in [
            (vector(""), "no data"),
            (vector(&format!("{element}, {element}")), "2 series"),
            (vector(r#"{"metric": {}, "value": [1, "NaN"]}"#), "NaN"),
            (vector(r#"{"metric": {}, "value": [1, "+Inf"]}"#), "+Inf"),
            (vector(r#"{"metric": {}, "value": [1, "many"]}"#), "many"),
            (vector(r#"{"metric": {}, "value": 1}"#), "no text"),
            (string.to_owned(), "string"),
            (r#"{"status": "error", "errorType": "bad_data", "error": "parse error"}"#.to_owned(), "parse error"),
            ("<html>".to_owned(), "no answer"),
        ] {
            let said = read(&text).expect_err(&text);
            assert!(said.contains(reason), "{reason}: {said}");
        }
    }
}
