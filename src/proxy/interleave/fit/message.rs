//! The message of a search.

use bytes::Bytes;
use prost::Message;
use qdrant_client::qdrant::query::Variant;
use qdrant_client::qdrant::{QueryPoints, SearchPoints};

use super::within;
use crate::metrics::NotInterleaved;
use crate::protocol::operations::Hits;

/// What Qdrant takes when nothing is said.
const USUAL_LIMIT: u64 = 10;

/// How many hits a message wants whose answer has them where `hits` says.
///
/// # Errors
/// When it is not for both arms. What is no such message is Qdrant's to refuse.
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
