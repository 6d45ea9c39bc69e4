//! Reads an answer's lists of hits, whatever protocol and coding it came in.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::lists::List;
use super::wire::{flat, inflate, unframed};
use super::{json, protobuf};
use crate::metrics::Protocol;
use crate::proxy::classify::Hits;

/// Where the hits are in an answer, and what is wanted of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) protocol: Protocol,
    pub(super) hits: Hits,
    /// How many are shown to people.
    pub(super) depth: usize,
    pub(super) payloads: bool,
    /// What an answer may have at most when it is inflated.
    pub(super) limit: usize,
}

/// The answer is in another coding than gzip, too large, or not what Qdrant answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// One list; of a batch, one for each of its queries.
pub(super) fn read(shape: Shape, headers: &HeaderMap, body: &[Bytes]) -> Result<Vec<List>, Unreadable> {
    match shape.protocol {
        Protocol::Rest => {
            let text = match headers.get(CONTENT_ENCODING) {
                None => flat(body),
                Some(coding) if coding == "gzip" => inflate(&flat(body), shape.limit).map_err(|_| Unreadable)?,
                Some(_) => return Err(Unreadable),
            };
            json::lists(shape, &text).map_err(|_| Unreadable)
        }
        Protocol::Grpc => {
            let message = unframed(headers, body, shape.limit).map_err(|_| Unreadable)?;
            protobuf::lists(shape, message).map_err(|_| Unreadable)
        }
    }
}
