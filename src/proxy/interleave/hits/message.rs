//! A `QueryResponse` or a `SearchResponse`, which are the same on the wire.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use qdrant_client::qdrant;
use qdrant_client::qdrant::point_id::PointIdOptions;

use super::Hit;
use crate::interleaving::PointId;
use crate::proxy::grpc::PREFIX;

/// Its hits and its usage as they stand.
#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    result: Vec<Bytes>,
    #[prost(double, tag = "2")]
    time: f64,
    #[prost(bytes = "bytes", optional, tag = "3")]
    usage: Option<Bytes>,
}

/// The beginning of a `ScoredPoint`.
#[derive(Clone, PartialEq, Message)]
struct Identified {
    #[prost(message, optional, tag = "1")]
    id: Option<qdrant::PointId>,
}

pub(super) fn hits(answer: &Bytes) -> Option<Vec<Hit>> {
    let hit = |raw: Bytes| {
        let id = match Identified::decode(raw.clone()).ok()?.id?.point_id_options? {
            PointIdOptions::Num(number) => PointId::Number(number),
            PointIdOptions::Uuid(text) => PointId::Uuid(text.parse().ok()?),
        };
        Some(Hit { id, raw })
    };
    read(answer)?.result.into_iter().map(hit).collect()
}

pub(super) fn with(answer: &Bytes, hits: &[&Hit]) -> Option<Bytes> {
    let merged = Answer { result: hits.iter().map(|hit| hit.raw.clone()).collect(), ..read(answer)? };
    let length = merged.encoded_len();
    let mut out = BytesMut::with_capacity(PREFIX + length);
    out.put_u8(0);
    out.put_u32(u32::try_from(length).ok()?);
    merged.encode(&mut out).ok()?;
    Some(out.freeze())
}

/// The one message there is, uncompressed.
fn read(answer: &Bytes) -> Option<Answer> {
    let (mut prefix, message) = answer.split_at_checked(PREFIX)?;
    let (flag, length) = (prefix.get_u8(), prefix.get_u32() as usize);
    (flag == 0 && length == message.len()).then(|| Answer::decode(answer.slice(PREFIX..)).ok()).flatten()
}
