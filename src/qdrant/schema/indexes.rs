//! Payload indexes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The index of one payload field.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct PayloadIndex {
    pub data_type: String,
    /// Absent when the index was made from the bare name of its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
}

impl PayloadIndex {
    /// What makes the same index again.
    #[must_use]
    pub fn as_field_schema(&self) -> Value {
        self.params.clone().unwrap_or_else(|| Value::String(self.data_type.clone()))
    }
}
