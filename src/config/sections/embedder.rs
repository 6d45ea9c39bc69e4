//! `embedder`: who makes vectors of the texts of validation queries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Period, Secret, ServiceUrl};

/// A service that speaks OpenAI's `/v1/embeddings`; default: none, and text queries are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct EmbedderConfig {
    /// The service's root, such as `https://api.openai.com`, or the whole address, ending in `/embeddings`; default none.
    /// Printed without the values of its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<ServiceUrl>,
    /// The model the collections were made with.
    pub model: String,
    /// Sent as a bearer token; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// For one text; default `10s`.
    pub timeout: Period,
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self { url: None, model: String::new(), key: None, timeout: Period::from_secs(10) }
    }
}
