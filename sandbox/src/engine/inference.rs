//! Text to sparse vector, by the engine's own BM25; called wherever a request may hold a text instead of numbers.

use std::collections::HashMap;
use std::sync::OnceLock;

use qdrant_edge::SparseVector;
use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};
use serde::Deserialize;
use serde_json::Value;

use super::error::{EngineError, EngineResult};

/// The one model that needs no service.
const BM25: &str = "qdrant/bm25";

/// A text with the model that is to embed it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Document {
    /// The text.
    pub text: String,
    /// The model's name; the sandbox knows `qdrant/bm25`.
    pub model: String,
    /// The model's parameters.
    #[serde(default)]
    pub options: Option<HashMap<String, Value>>,
}

/// Embeds a text that is to be stored.
pub(super) fn embed_document(document: &Document) -> EngineResult<SparseVector> {
    with_model(document, |model| model.embed_document(&document.text))
}

/// Embeds a text that is searched for.
pub(super) fn embed_query(document: &Document) -> EngineResult<SparseVector> {
    with_model(document, |model| model.embed_query(&document.text))
}

/// The answer of a server that has no inference service.
pub(super) fn unknown_model(model: &str) -> EngineError {
    EngineError::service(format_args!(
        "InferenceService is not initialized. Please check if it was properly configured and initialized during startup. \
         (The sandbox embeds with {BM25} only, the request asked for {model}.)"
    ))
}

fn with_model<T>(document: &Document, run: impl FnOnce(&EdgeBm25) -> T) -> EngineResult<T> {
    // Building the tokenizer costs far more than one text, and nearly every request uses the defaults.
    static DEFAULT: OnceLock<Result<EdgeBm25, String>> = OnceLock::new();
    if !document.model.eq_ignore_ascii_case(BM25) {
        return Err(unknown_model(&document.model));
    }
    match document.options.as_ref().filter(|map| !map.is_empty()) {
        None => match DEFAULT.get_or_init(|| build(EdgeBm25Config::default())) {
            Ok(model) => Ok(run(model)),
            Err(why) => Err(EngineError::service(why)),
        },
        Some(options) => {
            let json = Value::Object(options.clone().into_iter().collect());
            let config = serde_json::from_value(json).map_err(|why| EngineError::bad_input(format_args!("Invalid BM25 config: {why}")))?;
            build(config).map(|model| run(&model)).map_err(|why| EngineError::bad_input(format_args!("Invalid BM25 config: {why}")))
        }
    }
}

fn build(config: EdgeBm25Config) -> Result<EdgeBm25, String> {
    EdgeBm25::new(config).map_err(|why| why.to_string())
}
