//! `{"result": [hit, …]}` of a search, `{"result": {"points": [hit, …]}}` of a query.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::fields::Fields;
use super::Hit;
use crate::interleaving::PointId;
use crate::proxy::classify::Hits;

const RESULT: &str = "result";
const POINTS: &str = "points";

#[derive(Deserialize)]
struct Identified {
    id: PointId,
}

pub(super) fn hits(answer: &Bytes, place: Hits) -> Option<Vec<Hit>> {
    let result = Fields::of(answer)?.get(RESULT)?;
    let list = if place == Hits::Points { Fields::of(result.get().as_bytes())?.get(POINTS)? } else { result };
    let hits: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    let hit = |raw: &RawValue| {
        let Identified { id } = serde_json::from_str(raw.get()).ok()?;
        Some(Hit { id, raw: answer.slice_ref(raw.get().as_bytes()) })
    };
    hits.into_iter().map(hit).collect()
}

pub(super) fn with(answer: &Bytes, place: Hits, hits: &[&Hit]) -> Option<Bytes> {
    let hits: Vec<&[u8]> = hits.iter().map(|hit| hit.raw.as_ref()).collect();
    let list = [b"[".as_slice(), &hits.join(b",".as_slice()), b"]"].concat();
    let fields = Fields::of(answer)?;
    let result = if place == Hits::Points { Fields::of(fields.get(RESULT)?.get().as_bytes())?.with(POINTS, &list)? } else { list };
    fields.with(RESULT, &result).map(Bytes::from)
}
