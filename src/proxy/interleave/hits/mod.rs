//! The hits of an answer, and the same answer with other hits. Of a hit only its id is read; what else it holds goes on byte
//! by byte.

mod json;
mod message;

use bytes::Bytes;

use crate::interleaving::PointId;
use crate::proxy::classify::Hits;

/// One hit as it stands in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub id: PointId,
    pub raw: Bytes,
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// REST's JSON, with the hits where this says.
    Json(Hits),
    /// One gRPC message behind its prefix.
    Message,
}

impl Form {
    /// In their order. None if this is no such answer.
    #[must_use]
    pub fn hits(self, answer: &Bytes) -> Option<Vec<Hit>> {
        match self {
            Self::Json(hits) => json::hits(answer, hits),
            Self::Message => message::hits(answer),
        }
    }

    /// The same answer with these hits instead of its own.
    #[must_use]
    pub fn with(self, answer: &Bytes, hits: &[&Hit]) -> Option<Bytes> {
        match self {
            Self::Json(place) => json::with(answer, place, hits),
            Self::Message => message::with(answer, hits),
        }
    }
}
