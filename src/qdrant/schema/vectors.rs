//! The vectors of a collection.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Object, Schema};

/// Dense vectors: one without a name, or any number with.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(untagged)]
pub enum Vectors {
    Single(Box<Vector>),
    Named(BTreeMap<String, Vector>),
}

impl Default for Vectors {
    fn default() -> Self {
        Self::Named(BTreeMap::new())
    }
}

/// One dense vector.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Vector {
    pub size: u64,
    pub distance: String,
    /// Present where a point has a matrix rather than a vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multivector_config: Option<Object>,
    /// `None` is Qdrant's default, `float32`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_config: Option<Object>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization_config: Option<Value>,
    #[serde(flatten)]
    pub other: Object,
}

/// One sparse vector.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct SparseVector {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Object>,
    /// `idf` weighs by rarity; absent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<String>,
    #[serde(flatten)]
    pub other: Object,
}

/// Which of two scores is the better one.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    HigherIsBetter,
    LowerIsBetter,
}

impl Vectors {
    /// The vectors with their names; the unnamed one has the empty name, as it has in Qdrant.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Vector)> {
        let (single, named) = match self {
            Self::Single(vector) => (Some(("", vector.as_ref())), None),
            Self::Named(map) => (None, Some(map.iter().map(|(name, vector)| (name.as_str(), vector)))),
        };
        single.into_iter().chain(named.into_iter().flatten())
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Vector> {
        self.iter().find_map(|(known, vector)| (known == name).then_some(vector))
    }
}

impl Vector {
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self.distance.as_str() {
            "Euclid" | "Manhattan" => Direction::LowerIsBetter,
            _ => Direction::HigherIsBetter,
        }
    }
}

impl Schema {
    /// Which score of a nearest-neighbour query on this vector is better; `None` when there is no such vector.
    #[must_use]
    pub fn direction(&self, vector: &str) -> Option<Direction> {
        let dense = self.params.vectors.get(vector).map(Vector::direction);
        // Sparse vectors are always compared by their dot product.
        dense.or_else(|| self.params.sparse_vectors.contains_key(vector).then_some(Direction::HigherIsBetter))
    }
}
