//! What must never be printed: keys and tokens.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that is shown to nobody: logs, status pages and `check --print` get a mask, whatever way they print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Says that there is one, not how long it is.
pub(super) const MASK: &str = "********";

impl Secret {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it or compares with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": "A key or a token. It is never shown.", "type": "string", "writeOnly": true})
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader's own words would quote the value: `invalid type: integer 12345`.
        let unquoted = |_| serde::de::Error::custom("expected a text; a key made of digits needs quotes");
        String::deserialize(deserializer).map(Self).map_err(unquoted)
    }
}
