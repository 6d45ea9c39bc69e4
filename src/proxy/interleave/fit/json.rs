//! Whether the JSON of a search can be interleaved.

use serde_json::value::RawValue;

use super::super::fields::Fields;
use super::within;
use crate::metrics::NotInterleaved;
use crate::protocol::operations::Hits;

/// Qdrant's default limit; the older search requires a limit.
const USUAL_LIMIT: u64 = 10;
/// The forms of a nearest-neighbour query: `nearest` itself, a sparse vector, or an object to embed.
const NEAREST: [&str; 8] = ["nearest", "indices", "values", "text", "image", "object", "model", "options"];
/// Fields that select points or parts of the answer, and do not make the ranking differ between arms.
const HARMLESS: [&str; 8] = ["using", "filter", "params", "with_payload", "with_vector", "with_vectors", "shard_key", "lookup_from"];

/// The number of hits that a body requests; `hits` says where its answer has them.
///
/// # Errors
/// When it cannot be interleaved. Qdrant refuses invalid JSON.
pub fn wanted(body: &[u8], hits: Hits) -> Result<usize, NotInterleaved> {
    let fields = Fields::of(body).ok_or(NotInterleaved::Query)?;
    let question = if hits == Hits::Points { "query" } else { "vector" };
    let (mut asked, mut limit) = (false, if hits == Hits::Points { USUAL_LIMIT } else { 0 });
    for (name, value) in fields.iter().filter(|(_, value)| value.get() != "null") {
        match name {
            "score_threshold" => return Err(NotInterleaved::ScoreThreshold),
            "offset" if value.get() != "0" => return Err(NotInterleaved::Offset),
            "offset" => {}
            "limit" | "top" => limit = value.get().parse().map_err(|_| NotInterleaved::Limit)?,
            _ if name == question => asked = hits == Hits::List || is_nearest(value),
            _ if HARMLESS.contains(&name) => {}
            _ => return Err(NotInterleaved::Query),
        }
    }
    if !asked {
        return Err(NotInterleaved::Query);
    }
    within(limit)
}

/// A vector, several vectors, the id of a point, or an object with nothing else.
fn is_nearest(query: &RawValue) -> bool {
    if !query.get().starts_with('{') {
        return true;
    }
    Fields::of(query.get().as_bytes()).is_some_and(|fields| fields.iter().all(|(name, _)| NEAREST.contains(&name)))
}
