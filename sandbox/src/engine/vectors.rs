//! Vectors as requests carry them: numbers, or a text to be embedded.
//!
//! The REST body deserialises straight into these; gRPC builds them by hand.

use std::collections::HashMap;

use qdrant_edge::{SparseVector, VectorInternal, VectorPersisted, VectorStructPersisted};
use serde::Deserialize;
use serde_json::Value;

use super::error::{EngineError, EngineResult};
use super::inference::{self, Document};

/// An image or object for a model the sandbox has not got.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct ForeignInput {
    /// What is to be embedded.
    #[serde(alias = "image")]
    pub object: Value,
    /// The model's name.
    pub model: String,
}

/// One vector.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum VectorValue {
    /// Numbers in order.
    Dense(Vec<f32>),
    /// A matrix; before sparse vectors, because two rows of whole numbers would read as indices and values.
    MultiDense(Vec<Vec<f32>>),
    /// Indices with values.
    Sparse(SparseVector),
    /// A text.
    Document(Document),
    /// An image or object.
    Foreign(ForeignInput),
}

/// All vectors of one point.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum VectorsValue {
    /// The unnamed vector.
    Single(Vec<f32>),
    /// The unnamed matrix.
    MultiDense(Vec<Vec<f32>>),
    /// Vectors by name.
    Named(HashMap<String, VectorValue>),
    /// A text for the unnamed vector.
    Document(Document),
    /// An image or object for the unnamed vector.
    Foreign(ForeignInput),
}

impl VectorValue {
    /// The vector to store; a text is embedded as a document.
    pub fn into_stored(self) -> EngineResult<VectorPersisted> {
        match self {
            Self::Dense(values) if values.is_empty() => Err(empty_dense()),
            Self::Dense(values) => Ok(VectorPersisted::Dense(values)),
            Self::Sparse(sparse) => Ok(VectorPersisted::Sparse(checked_sparse(sparse)?)),
            Self::MultiDense(rows) => Ok(VectorPersisted::MultiDense(checked_rows(rows)?)),
            Self::Document(document) => inference::embed_document(&document).map(VectorPersisted::Sparse),
            Self::Foreign(input) => Err(inference::unknown_model(&input.model)),
        }
    }

    /// The vector to search with; a text is embedded as a query.
    pub fn into_query(self) -> EngineResult<VectorInternal> {
        match self {
            Self::Document(document) => inference::embed_query(&document).map(VectorInternal::Sparse),
            other @ (Self::Dense(_) | Self::Sparse(_) | Self::MultiDense(_) | Self::Foreign(_)) => {
                other.into_stored().map(VectorInternal::from)
            }
        }
    }
}

impl VectorsValue {
    /// The vectors to store.
    pub fn into_stored(self) -> EngineResult<VectorStructPersisted> {
        match self {
            Self::Single(values) if values.is_empty() => Err(empty_dense()),
            Self::Single(values) => Ok(VectorStructPersisted::Single(values)),
            Self::MultiDense(rows) => Ok(VectorStructPersisted::MultiDense(checked_rows(rows)?)),
            Self::Named(named) => named
                .into_iter()
                .map(|(name, vector)| Ok((name, vector.into_stored()?)))
                .collect::<EngineResult<_>>()
                .map(VectorStructPersisted::Named),
            Self::Document(document) => {
                inference::embed_document(&document)?;
                Err(EngineError::bad_input("Conversion between sparse and regular vectors failed"))
            }
            Self::Foreign(input) => Err(inference::unknown_model(&input.model)),
        }
    }
}

fn checked_sparse(sparse: SparseVector) -> EngineResult<SparseVector> {
    SparseVector::new(sparse.indices, sparse.values).map_err(|rule| EngineError::validation("JSON body", "vector", rule))
}

fn checked_rows(rows: Vec<Vec<f32>>) -> EngineResult<Vec<Vec<f32>>> {
    let rule = match rows.first() {
        None => "multi vector must not be empty",
        Some(first) if first.is_empty() || rows.iter().any(Vec::is_empty) => "all vectors must be non-empty",
        Some(first) if rows.iter().any(|row| row.len() != first.len()) => "all vectors must have the same dimension",
        Some(_) => return Ok(rows),
    };
    Err(EngineError::validation("JSON body", "vector", rule))
}

fn empty_dense() -> EngineError {
    EngineError::validation("JSON body", "vector", "dense vector must not be empty")
}
