//! Requests and answers that two arms may share: what is taken for one, and what becomes of an answer whose hits are
//! exchanged. serde_json and prost, which decode everything, have to agree where they take it for one.

use bytes::Bytes;
use pointsman::protocol::hits::{Form, Hit};
use pointsman::protocol::operations::Hits;
use pointsman::proxy::parse::{wanted_by_json, wanted_by_message};
use prost::Message;
use qdrant_client::qdrant::{QueryPoints, QueryResponse};
use serde_json::Value;

const SHAPES: [Hits; 2] = [Hits::List, Hits::Points];

pub fn interleave_json(data: &[u8]) {
    let Some((&shape, text)) = data.split_first() else { return };
    let hits = SHAPES[usize::from(shape) % SHAPES.len()];
    if let Ok(wanted) = wanted_by_json(text, hits) {
        assert!((1..=100).contains(&wanted), "{wanted} hits");
        if let Ok(body) = serde_json::from_slice::<Value>(text) {
            assert!(body["score_threshold"].is_null() && body["prefetch"].is_null(), "{body}");
        }
    }
    let (form, answer) = (Form::Json(hits), Bytes::copy_from_slice(text));
    let Some(found) = only_list(form, &answer) else { return };
    exchanged(form, &answer, &found);
}

pub fn interleave_protobuf(data: &[u8]) {
    let Some((&shape, message)) = data.split_first() else { return };
    let hits = SHAPES[usize::from(shape) % SHAPES.len()];
    let wanted = wanted_by_message(Bytes::copy_from_slice(message), hits);
    if let (Hits::Points, Ok(wanted), Ok(query)) = (hits, wanted, QueryPoints::decode(message)) {
        assert_eq!(query.limit.unwrap_or(10), wanted as u64);
        assert!(query.score_threshold.is_none() && query.prefetch.is_empty());
    }
    let (form, answer) = (Form::Message(hits), Bytes::copy_from_slice(message));
    let Some(found) = only_list(form, &answer) else { return };
    let same = exchanged(form, &answer, &found);
    if let (Ok(before), Ok(after)) = (QueryResponse::decode(message), QueryResponse::decode(&same[..])) {
        assert_eq!((before.time.to_bits(), before.result.len()), (after.time.to_bits(), after.result.len()));
    }
}

fn only_list(form: Form, answer: &Bytes) -> Option<Vec<Hit>> {
    <[_; 1]>::try_from(form.lists(answer)?).ok().map(|[hits]| hits)
}

/// With its own hits; and with them the other way round, which has to be seen.
fn exchanged(form: Form, answer: &Bytes, found: &[Hit]) -> Bytes {
    let backwards: Vec<&Hit> = found.iter().rev().collect();
    let turned = form.with(answer, &backwards).expect("it could be read");
    assert_eq!(only_list(form, &turned).expect("it was written").iter().collect::<Vec<_>>(), backwards);
    let same = form.with(answer, &found.iter().collect::<Vec<_>>()).expect("it could be read");
    assert_eq!(only_list(form, &same).as_deref(), Some(found));
    same
}
