//! The examples of the document: requests that a test sends, in this order, with the answers it got.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request and its answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Exchange {
    pub(in crate::admin) operation: String,
    /// Parameters of the path, the query and headers. `$createCanary` stands for the id that this operation has answered, and
    /// `$assign.token` for that field of its answer; so in requests.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::admin) parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::admin) request: Option<Value>,
    pub(in crate::admin) status: u16,
    /// None where it is not JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::admin) response: Option<Value>,
}

static EXCHANGES: LazyLock<Vec<Exchange>> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).expect("the examples are what a test has written"));

/// All of them, in the order of the test.
pub(in crate::admin) fn exchanges() -> &'static [Exchange] {
    &EXCHANGES
}

/// The first one of an operation.
pub(super) fn of(operation: &str) -> Option<&'static Exchange> {
    exchanges().iter().find(|exchange| exchange.operation == operation)
}

impl Exchange {
    /// The value of a parameter, as it was sent.
    pub(super) fn parameter(&self, name: &str) -> Option<Value> {
        self.parameters.get(name).map(sent)
    }

    pub(super) fn body(&self) -> Option<Value> {
        self.request.as_ref().map(sent)
    }
}

/// With what the test was answered in the place of `$operation.field`.
fn sent(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(reference) => {
                let (operation, field) = reference.split_once('.').unwrap_or((reference, "id"));
                of(operation).and_then(|exchange| exchange.response.as_ref()?.get(field).cloned()).unwrap_or_default()
            }
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(sent).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), sent(field))).collect(),
        other => other.clone(),
    }
}
