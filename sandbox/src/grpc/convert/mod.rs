//! Between Qdrant's protobuf messages and Qdrant's REST JSON.
//!
//! Called by the gRPC services only. Every request message is turned into the JSON body that the REST API takes for the same operation and read
//! by the engine's typed requests; so one description of an operation serves both protocols, and a default or a check cannot differ between them.
//! Answers made of points go from the engine's types to messages directly (`results`), because they are many; configuration goes through JSON.
//! What later releases of Qdrant have added to the messages is dealt with as 1.18 would: unknown to it, and so not there.

#![expect(deprecated, reason = "`on_disk` and `always_ram`, as 1.18 has them; `memory` came later")]

pub(super) mod collections;
pub(super) mod configs;
pub(super) mod filters;
pub(super) mod formula;
pub(super) mod ids;
pub(super) mod indexes;
pub(super) mod info;
pub(super) mod legacy;
pub(super) mod names;
pub(super) mod quantization;
pub(super) mod queries;
pub(super) mod reads;
pub(super) mod results;
pub(super) mod selectors;
pub(super) mod vectors;
pub(super) mod writes;

#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A message that no REST body corresponds to; the text goes to the client with `INVALID_ARGUMENT`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) String);

impl Malformed {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<Malformed> for tonic::Status {
    fn from(error: Malformed) -> Self {
        Self::invalid_argument(error.0)
    }
}

pub(super) type Json = Result<Value, Malformed>;

/// Reads a typed request of the engine from the REST body made for it.
pub(super) fn typed<T: DeserializeOwned>(body: Value) -> Result<T, Malformed> {
    serde_json::from_value(body).map_err(|error| Malformed(format!("Format error in request body: {error}")))
}

/// A JSON object under construction; absent fields stay absent, so that the engine's defaults apply.
#[derive(Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn maybe<T: Into<Value>>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a field whose message has to be converted first.
    pub(super) fn convert<T>(self, key: &str, message: Option<T>, convert: impl FnOnce(T) -> Json) -> Result<Self, Malformed> {
        let value = message.map(convert).transpose()?;
        Ok(self.maybe(key, value))
    }

    /// Adds a list unless it is empty: protobuf cannot tell an empty list from none.
    pub(super) fn list<T>(self, key: &str, messages: Vec<T>, convert: impl FnMut(T) -> Json) -> Result<Self, Malformed> {
        if messages.is_empty() {
            return Ok(self);
        }
        Ok(self.with(key, array(messages, convert)?))
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

pub(super) fn array<T>(messages: impl IntoIterator<Item = T>, convert: impl FnMut(T) -> Json) -> Json {
    messages.into_iter().map(convert).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// Unwraps a field that protobuf calls optional and Qdrant calls required.
pub(super) fn required<T>(field: Option<T>, what: &str) -> Result<T, Malformed> {
    field.ok_or_else(|| Malformed(format!("Malformed message: {what} is missing")))
}
