//! One recorded query.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::uri::PathAndQuery;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::protocol::Protocol;

/// The parameters of Qdrant that change an answer. Others may contain anything and are not recorded.
pub const PARAMETERS: [&str; 2] = ["consistency", "timeout"];

/// A query without its user id and its collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// For example `points.query`.
    pub operation: String,
    pub asked: Asked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Rest {
        /// Those of [`PARAMETERS`] that it had.
        parameters: Option<String>,
        /// A JSON object without whitespace between its parts.
        body: String,
    },
    /// A protobuf message without its first field.
    Grpc(Bytes),
}

/// Why a query cannot be recorded or read.
#[derive(Debug, thiserror::Error)]
pub enum QueryFault {
    #[error("is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("`body` must be an object")]
    NotAnObject,
    #[error("`query` may have the parameters {} only", PARAMETERS.join(" and "))]
    Parameters,
    #[error("`message` is not base64: {0}")]
    NotBase64(#[from] base64::DecodeError),
    #[error("a question over {0} has {1}, and nothing else")]
    Parts(&'static str, &'static str),
}

/// The line.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaptureQuery")]
struct Written {
    operation: String,
    protocol: Protocol,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl JsonSchema for Query {
    fn schema_name() -> Cow<'static, str> {
        Written::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Written::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

impl Query {
    /// A query with a JSON body. `parameters` are used unchanged.
    ///
    /// # Errors
    /// When the body is no JSON object, or there are other parameters.
    pub fn rest(operation: &str, parameters: Option<String>, body: &[u8]) -> Result<Self, QueryFault> {
        let body: &RawValue = serde_json::from_slice(body)?;
        if !body.get().starts_with('{') {
            return Err(QueryFault::NotAnObject);
        }
        if parameters.as_deref().is_some_and(|parameters| !are_parameters(parameters)) {
            return Err(QueryFault::Parameters);
        }
        Ok(Self { operation: operation.to_owned(), asked: Asked::Rest { parameters, body: compact(body.get()) } })
    }

    /// # Errors
    /// When the line is no query.
    pub(super) fn parse(line: &str) -> Result<Self, QueryFault> {
        let Written { operation, protocol, query, body, message } = serde_json::from_str(line)?;
        match (protocol, body, message) {
            (Protocol::Rest, Some(body), None) => Self::rest(&operation, query, body.get().as_bytes()),
            (Protocol::Grpc, None, Some(message)) if query.is_none() => {
                Ok(Self { operation, asked: Asked::Grpc(STANDARD.decode(message)?.into()) })
            }
            (Protocol::Rest, ..) => Err(QueryFault::Parts("REST", "`body`, perhaps `query`")),
            (Protocol::Grpc, ..) => Err(QueryFault::Parts("gRPC", "`message`")),
        }
    }

    /// Its line, without the line break.
    #[must_use]
    pub fn line(&self) -> String {
        let operation = self.operation.clone();
        let written = match &self.asked {
            Asked::Rest { parameters, body } => {
                let body = RawValue::from_string(body.clone()).expect("checked when it was made");
                Written { operation, protocol: Protocol::Rest, query: parameters.clone(), body: Some(body), message: None }
            }
            Asked::Grpc(message) => {
                let message = STANDARD.encode(message);
                Written { operation, protocol: Protocol::Grpc, query: None, body: None, message: Some(message) }
            }
        };
        serde_json::to_string(&written).expect("a question is strings and JSON")
    }

    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        match self.asked {
            Asked::Rest { .. } => Protocol::Rest,
            Asked::Grpc(_) => Protocol::Grpc,
        }
    }
}

fn are_parameters(query: &str) -> bool {
    let known = query.split('&').all(|pair| pair.split_once('=').is_some_and(|(name, _)| PARAMETERS.contains(&name)));
    // It may contain neither a fragment nor characters that a request line cannot contain.
    known && PathAndQuery::try_from(format!("/?{query}")).is_ok_and(|parsed| parsed.query() == Some(query))
}

/// Removes insignificant whitespace, including line breaks, from valid JSON.
fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let kept = json.chars().filter(|&letter| {
        let blank = !inside && matches!(letter, ' ' | '\t' | '\r' | '\n');
        if letter == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && letter == '\\' && !escaped;
        !blank
    });
    kept.collect()
}
