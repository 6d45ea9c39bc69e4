//! A whole answer: reads its hits, and writes the same answer with other hits. Only a hit's id and score are parsed; the
//! rest is kept as raw bytes.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use qdrant_client::qdrant;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::spans::{List, Span, Spans};
use super::{in_json, in_message};
use crate::protocol::messages::Scan;
use crate::protocol::operations::Hits;
use crate::protocol::points::PointId;

/// The field with the hits in `QueryResponse` and in `SearchResponse`, which are the same on the wire.
const RESULT: u32 = 1;

/// The format of an answer, and where its hits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// REST's JSON.
    Json(Hits),
    /// A gRPC message, without its frame.
    Message(Hits),
}

/// One hit, with its raw bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub id: PointId,
    pub score: Option<f64>,
    pub raw: Bytes,
}

/// The parsed part of a hit in JSON.
#[derive(Deserialize)]
struct Scored {
    id: PointId,
    score: Option<f64>,
}

#[derive(Deserialize)]
struct WithPayload<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// The parsed part of a `ScoredPoint`.
#[derive(Clone, PartialEq, Message)]
struct ScoredMessage {
    #[prost(message, optional, tag = "1")]
    id: Option<qdrant::PointId>,
    #[prost(float, tag = "3")]
    score: f32,
}

impl Form {
    /// The lists of hits, in order: for a batch one for each of its queries, else one. None if this is no such answer.
    #[must_use]
    pub fn lists(self, answer: &Bytes) -> Option<Vec<Vec<Hit>>> {
        let lists = self.spans(answer)?;
        lists.iter().map(|list| self.hits(answer, list)).collect()
    }

    /// The same answer with these hits instead of those of its only list. None if it has another number of lists.
    #[must_use]
    pub fn with(self, answer: &Bytes, hits: &[&Hit]) -> Option<Bytes> {
        let lists = self.spans(answer)?;
        let [list] = lists.as_slice() else { return None };
        match self {
            Self::Json(_) => {
                let hits: Vec<&[u8]> = hits.iter().map(|hit| hit.raw.as_ref()).collect();
                Some([&answer[..list.range.start], &hits.join(b",".as_slice()), &answer[list.range.end..]].concat().into())
            }
            Self::Message(_) => Some(message_with(answer, list, hits)),
        }
    }

    /// A hit's payload as JSON, if it has one of at most `limit` bytes.
    #[must_use]
    pub fn payload(self, hit: &Hit, limit: usize) -> Option<Value> {
        let payload = match self {
            Self::Json(_) => {
                let text = serde_json::from_slice::<WithPayload<'_>>(&hit.raw).ok()?.payload?.get();
                if text.len() > limit { None } else { serde_json::from_str(text).ok() }
            }
            Self::Message(_) => {
                let fields = qdrant::ScoredPoint::decode(hit.raw.clone()).ok()?.payload;
                (!fields.is_empty()).then(|| Value::Object(fields.into_iter().map(|(key, value)| (key, value.into())).collect()))
            }
        };
        payload.filter(|value: &Value| !value.is_null() && value.to_string().len() <= limit)
    }

    fn spans(self, answer: &Bytes) -> Option<Vec<List>> {
        let found = match self {
            Self::Json(hits) => {
                let mut walker = in_json(hits, Spans::default());
                walker.feed(answer).ok()?;
                walker.finish()?
            }
            Self::Message(hits) => {
                let mut walker = in_message(hits, Spans::default());
                walker.feed(answer).ok()?;
                walker.finish().ok()?
            }
        };
        Some(found.into_visitor().lists)
    }

    fn hits(self, answer: &Bytes, list: &List) -> Option<Vec<Hit>> {
        let raw = |hit: &Span| match self {
            Self::Json(_) => answer.slice(hit.outer.clone()),
            Self::Message(_) => answer.slice(hit.inner.clone()),
        };
        list.hits.iter().map(|hit| self.hit(raw(hit))).collect()
    }

    fn hit(self, raw: Bytes) -> Option<Hit> {
        let (id, score) = match self {
            Self::Json(_) => {
                let Scored { id, score } = serde_json::from_slice(&raw).ok()?;
                (id, score)
            }
            Self::Message(_) => {
                let ScoredMessage { id, score } = ScoredMessage::decode(raw.clone()).ok()?;
                (id?.try_into().ok()?, Some(f64::from(score)))
            }
        };
        Some(Hit { id, score: score.filter(|score| score.is_finite()), raw })
    }
}

/// All other fields come after the new hits: the order of different fields has no meaning in protobuf.
fn message_with(answer: &Bytes, list: &List, hits: &[&Hit]) -> Bytes {
    let mut out = BytesMut::with_capacity(answer.len());
    for hit in hits {
        encode_key(RESULT, WireType::LengthDelimited, &mut out);
        encode_varint(hit.raw.len() as u64, &mut out);
        out.put_slice(&hit.raw);
    }
    let mut from = 0;
    for old in &list.hits {
        out.put_slice(&answer[from..old.outer.start]);
        from = old.outer.end;
    }
    out.put_slice(&answer[from..]);
    out.freeze()
}
