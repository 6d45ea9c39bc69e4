//! Reads an answer's lists of hits, whatever protocol and coding it came in.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::lists::List;
use super::shape::Shape;
use super::wire::{flat, inflate, unframed};
use super::{json, protobuf};
use crate::metrics::Protocol;

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
