//! Whether the gRPC message of a search can be interleaved.

use bytes::Bytes;
use prost::Message;
use qdrant_client::qdrant::query::Variant;
use qdrant_client::qdrant::{QueryPoints, SearchPoints};

use super::within;
use crate::metrics::NotInterleaved;
use crate::protocol::operations::Hits;

/// Qdrant's default limit.
const USUAL_LIMIT: u64 = 10;

/// The number of hits that a message requests; `hits` says where its answer has them.
///
/// # Errors
/// When it cannot be interleaved. Qdrant refuses invalid messages.
pub fn wanted(message: Bytes, hits: Hits) -> Result<usize, NotInterleaved> {
    let (threshold, offset, limit) = if hits == Hits::Points {
        let query = QueryPoints::decode(message).map_err(|_| NotInterleaved::Query)?;
        let variant = query.query.and_then(|query| query.variant);
        if !query.prefetch.is_empty() || !matches!(variant, Some(Variant::Nearest(_))) {
            return Err(NotInterleaved::Query);
        }
        (query.score_threshold, query.offset, query.limit.unwrap_or(USUAL_LIMIT))
    } else {
        let search = SearchPoints::decode(message).map_err(|_| NotInterleaved::Query)?;
        (search.score_threshold, search.offset, search.limit)
    };
    if threshold.is_some() {
        return Err(NotInterleaved::ScoreThreshold);
    }
    if offset.is_some_and(|offset| offset > 0) {
        return Err(NotInterleaved::Offset);
    }
    within(limit)
}
