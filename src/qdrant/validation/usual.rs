//! What an answer must be like where its query does not say. Pure.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::qdrant::schema::Schema;

/// So many results, or as many as the query asks for.
const RESULTS: u64 = 5;
/// What Qdrant gives a query that names no limit.
const LIMIT: u64 = 10;
/// Of the best hit by cosine. Other metrics have no scale that would hold for every model.
const COSINE: f64 = 0.7;

/// The bound of the best score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum TopScore {
    /// Not said: what is usual for the vector's metric.
    #[default]
    Usual,
    /// `null`: none.
    Off,
    Bound(f64),
}

/// What is asked of an answer without being said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    pub min_results: usize,
    pub top_score: Option<f64>,
}

impl TopScore {
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

impl Serialize for TopScore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Usual | Self::Off => serializer.serialize_none(),
            Self::Bound(bound) => serializer.serialize_f64(*bound),
        }
    }
}

impl<'de> Deserialize<'de> for TopScore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Off, Self::Bound))
    }
}

impl Schema {
    /// What is usual for a query body: few results are enough where a filter or a threshold may leave few.
    #[must_use]
    pub fn usual_of(&self, body: &Value) -> Usual {
        let narrowed = !body["filter"].is_null() || !body["score_threshold"].is_null();
        let least = if narrowed { 1 } else { RESULTS };
        let limit = body["limit"].as_u64().unwrap_or(LIMIT);
        let vector = self.params.vectors.get(body["using"].as_str().unwrap_or_default());
        let cosine = vector.is_some_and(|vector| vector.distance == "Cosine" && vector.multivector_config.is_none());
        Usual {
            min_results: usize::try_from(least.min(limit)).unwrap_or(1),
            top_score: (cosine && Self::is_by_distance(body)).then_some(COSINE),
        }
    }
}
