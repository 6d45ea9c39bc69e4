//! Decides whether two arms can answer a request together.
//!
//! They can if it ranks only by nearness and from its first hit on: the merged list then consists of two rankings of one
//! query.

mod json;
mod message;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

pub use self::json::wanted as json;
pub use self::message::wanted as message;
use crate::interleaving::MOST_HITS;
use crate::metrics::NotInterleaved;
use crate::protocol::hits::Form;
use crate::protocol::operations::{Hits, Operation};
use crate::proxy::grpc::{WholeMessage, whole_message};
use crate::proxy::journey::Journey;
use crate::proxy::respond::Fault;

/// The searches that answer with one list.
const MERGED: [&str; 2] = ["points.query", "points.search"];

/// A request that can be interleaved.
#[derive(Clone, Copy, Debug)]
pub(in crate::proxy) struct Fit {
    pub(super) form: Form,
    /// How many hits it requests.
    pub(super) wanted: usize,
}

/// Why a request cannot be interleaved.
pub(in crate::proxy) enum Unfit {
    /// Its own arm answers alone.
    Alone(NotInterleaved),
    /// No arm answers: the request is refused.
    Fault(Fault),
}

impl From<NotInterleaved> for Unfit {
    fn from(why: NotInterleaved) -> Self {
        Self::Alone(why)
    }
}

pub(in crate::proxy) async fn rest(journey: &Journey, headers: &HeaderMap) -> Result<Fit, Unfit> {
    let hits = searched(journey.operation)?;
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(NotInterleaved::Query.into());
    }
    let whole = journey.client.hold_whole(journey.live.settings.fallback.replay_bytes).await;
    let whole = whole.map_err(|error| Unfit::Fault(error.into()))?.ok_or(NotInterleaved::Size)?;
    Ok(Fit { form: Form::Json(hits), wanted: json(&whole, hits)? })
}

pub(in crate::proxy) async fn grpc(journey: &Journey, gzip: bool) -> Result<Fit, Unfit> {
    let hits = searched(journey.operation)?;
    let whole = whole_message(&journey.client, journey.live.settings.limits.grpc_inspect_bytes, gzip).await;
    let message = match whole.map_err(|error| Unfit::Fault(error.into()))? {
        WholeMessage::Plain(message) => message,
        WholeMessage::TooLarge => return Err(NotInterleaved::Size.into()),
        WholeMessage::Unknown => return Err(NotInterleaved::Query.into()),
    };
    Ok(Fit { form: Form::Message(hits), wanted: self::message(message, hits)? })
}

/// Where the answer will have its hits.
fn searched(operation: Option<&'static Operation>) -> Result<Hits, NotInterleaved> {
    let operation = operation.ok_or(NotInterleaved::Query)?;
    match operation.hits {
        Some(hits @ (Hits::Points | Hits::List)) if MERGED.contains(&operation.name) => Ok(hits),
        Some(Hits::Lists | Hits::PointsLists) => Err(NotInterleaved::Batch),
        Some(Hits::Groups) => Err(NotInterleaved::Grouping),
        Some(Hits::Points | Hits::List) | None => Err(NotInterleaved::Query),
    }
}

/// A number of hits that can be merged and that fits into a token.
fn within(limit: u64) -> Result<usize, NotInterleaved> {
    usize::try_from(limit).ok().filter(|limit| (1..=MOST_HITS).contains(limit)).ok_or(NotInterleaved::Limit)
}
