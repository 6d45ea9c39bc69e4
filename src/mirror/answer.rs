//! Reads the result lists of an answer, in either protocol and with or without gzip.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::lists::List;
use super::shape::Shape;
use super::wire::{flat, inflate, unframed};
use crate::protocol::Protocol;
use crate::protocol::hits::{Form, Hit};
use crate::stats::shadow::MAX_PAYLOAD_BYTES;

/// The answer is in another coding than gzip, too large, or not in Qdrant's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Returns one list; for a batch, one for each of its queries.
pub(super) fn read(shape: Shape, headers: &HeaderMap, body: &[Bytes]) -> Result<Vec<List>, Unreadable> {
    let (form, answer) = match shape.protocol {
        Protocol::Rest => {
            let text = match headers.get(CONTENT_ENCODING) {
                None => flat(body),
                Some(coding) if coding == "gzip" => inflate(body, shape.limit).map_err(|_| Unreadable)?,
                Some(_) => return Err(Unreadable),
            };
            (Form::Json(shape.hits), text)
        }
        Protocol::Grpc => (Form::Message(shape.hits), unframed(headers, body, shape.limit).map_err(|_| Unreadable)?),
    };
    let lists = form.lists(&answer).filter(|lists| !lists.is_empty()).ok_or(Unreadable)?;
    Ok(lists.into_iter().map(|hits| listed(shape, form, hits)).collect())
}

fn listed(shape: Shape, form: Form, hits: Vec<Hit>) -> List {
    let mut list = List::default();
    for hit in hits {
        list.push(shape.depth, hit.id, hit.score, || if shape.payloads { form.payload(&hit, MAX_PAYLOAD_BYTES) } else { None });
    }
    list
}
