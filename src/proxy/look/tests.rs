//! Compares the two scanners with full parsers, for answers in any pieces.

use std::io::Write;

use bytes::BufMut;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use prost::Message;
use qdrant_client::qdrant;
use serde_json::{Value, json};

use super::*;

const ALL: [Hits; 5] = [Hits::List, Hits::Points, Hits::Lists, Hits::PointsLists, Hits::Groups];

/// A score, or none.
type Scored = Option<f32>;

fn rest(hits: Hits, pieces: &[&[u8]]) -> Result<Finding, Unreadable> {
    let mut scanner = in_json(hits, Tally::default());
    pieces.iter().for_each(|piece| scanner.feed(piece).expect("it notes what it cannot read"));
    scanner.finish().map(|found| found.into_visitor().finding()).ok_or(Unreadable::Malformed)
}

fn grpc(hits: Hits, pieces: &[&[u8]]) -> Result<Finding, Unreadable> {
    let mut scanner = Framed::new(in_message(hits, Tally::default()), true, usize::MAX);
    pieces.iter().for_each(|piece| scanner.feed(piece));
    let found = scanner.finish()?.finish().map_err(|_| Unreadable::Malformed)?;
    Ok(found.into_visitor().finding())
}

/// A hit as Qdrant writes it, with a payload full of text that would mislead a careless scanner.
fn hit(id: usize, score: Scored) -> Value {
    let payload = json!({"score": 99, "points": [{"score": 1}], "text": "\"}],\\ {[\"result\": ", "deep": [[{"hits": []}]]});
    json!({"id": id, "version": 3, "score": score, "payload": payload, "vector": {"a": [0.5, -1e-9, [2]]}})
}

fn answer(hits: Hits, lists: &[Vec<Scored>]) -> Value {
    let list = |scores: &Vec<Scored>| scores.iter().enumerate().map(|(id, score)| hit(id, *score)).collect::<Vec<_>>();
    let first = lists.first().cloned().unwrap_or_default();
    let result = match hits {
        Hits::List => json!(list(&first)),
        Hits::Points => json!({"next": null, "points": list(&first)}),
        Hits::Lists => json!(lists.iter().map(list).collect::<Vec<_>>()),
        Hits::PointsLists => json!(lists.iter().map(|scores| json!({"points": list(scores)})).collect::<Vec<_>>()),
        Hits::Groups => {
            let group = |scores: &[Scored]| json!({"hits": list(&scores.to_vec()), "id": "points", "lookup": {"hits": [{}]}});
            json!({"groups": first.chunks(2).map(group).collect::<Vec<_>>()})
        }
    };
    json!({"usage": {"result": [1]}, "result": result, "status": "ok", "time": 0.01})
}

fn point(score: Scored) -> qdrant::ScoredPoint {
    let payload = [("text".to_owned(), "x".repeat(200).into())].into();
    qdrant::ScoredPoint { id: Some(7.into()), payload, score: score.unwrap_or_default(), version: 3, ..Default::default() }
}

fn message(hits: Hits, lists: &[Vec<Scored>]) -> Vec<u8> {
    let list = |scores: &Vec<Scored>| scores.iter().map(|score| point(*score)).collect::<Vec<_>>();
    let first = lists.first().cloned().unwrap_or_default();
    let message = match hits {
        Hits::List | Hits::Points => qdrant::QueryResponse { result: list(&first), time: 0.5, usage: None }.encode_to_vec(),
        Hits::Lists | Hits::PointsLists => {
            let result = lists.iter().map(|scores| qdrant::BatchResult { result: list(scores) }).collect();
            qdrant::QueryBatchResponse { result, time: 0.5, usage: None }.encode_to_vec()
        }
        Hits::Groups => {
            let group = |scores: &[Scored]| qdrant::PointGroup { hits: list(&scores.to_vec()), ..Default::default() };
            let groups = first.chunks(2).map(group).collect();
            qdrant::QueryGroupsResponse { result: Some(qdrant::GroupsResult { groups }), time: 0.5, usage: None }.encode_to_vec()
        }
    };
    framed(0, &message)
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.put_u32(u32::try_from(message.len()).expect("short"));
    frame.put_slice(message);
    frame
}

/// The expected result; in protobuf a missing score is zero.
fn expected(hits: Hits, lists: &[Vec<Scored>], missing: Option<f64>) -> Finding {
    let mut finding = Finding::default();
    let seen = if matches!(hits, Hits::Lists | Hits::PointsLists) { lists } else { &lists[..1] };
    for scores in seen {
        let best = scores.first().and_then(|score| score.map(f64::from).or(missing));
        finding.add(scores.len() as u64, best);
    }
    finding
}

/// The same bytes, cut at these places.
fn cut<'b>(bytes: &'b [u8], places: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let (mut pieces, mut from) = (Vec::new(), 0);
    for place in places {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces.push(&bytes[from..]);
    pieces
}

/// Compares sums of rounded scores: a decimal text may round its last digit the other way.
fn alike(found: Finding, expected: Finding) -> bool {
    let slack = i64::try_from(expected.scored).expect("few");
    (found.top_score - expected.top_score).abs() <= slack && Finding { top_score: expected.top_score, ..found } == expected
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_are_those_of_full_parsers_in_any_pieces(
        hits in prop::sample::select(&ALL[..]),
        lists in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.9, -9.0_f32..9.0), 0..6), 1..4),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        pretty in any::<bool>(),
    ) {
        let answer = answer(hits, &lists);
        let text = if pretty { serde_json::to_vec_pretty(&answer) } else { serde_json::to_vec(&answer) }.expect("JSON");
        let found = rest(hits, &cut(&text, &places)).expect("it is readable");
        prop_assert!(alike(found, expected(hits, &lists, None)), "{found:?} in {answer}");
        let message = message(hits, &lists);
        prop_assert_eq!(grpc(hits, &cut(&message, &places)), Ok(expected(hits, &lists, Some(0.0))));
    }

    #[test]
    fn an_answer_that_breaks_off_is_not_guessed_at(hits in prop::sample::select(&ALL[..]), place in any::<prop::sample::Index>()) {
        let lists = [vec![Some(0.5), Some(0.25)], Vec::new()];
        let text = answer(hits, &lists).to_string().into_bytes();
        prop_assert_eq!(rest(hits, &[&text[..place.index(text.len())]]), Err(Unreadable::Malformed));
        let message = message(hits, &lists);
        prop_assert_eq!(grpc(hits, &[&message[..place.index(message.len())]]), Err(Unreadable::Malformed));
    }
}

#[test]
fn an_answer_without_hits_is_empty_whatever_it_looks_like() {
    for hits in ALL {
        let one = Finding { lists: 1, empty: 1, ..Finding::default() };
        assert_eq!(rest(hits, &[answer(hits, &[Vec::new()]).to_string().as_bytes()]), Ok(one), "{hits:?}");
        assert_eq!(grpc(hits, &[&message(hits, &[Vec::new()])]), Ok(one), "{hits:?}");
    }
    assert_eq!(grpc(Hits::List, &[&framed(0, b"")]), Ok(Finding { lists: 1, empty: 1, ..Finding::default() }));
}

#[test]
fn the_first_hit_is_the_best_also_where_less_is_better() {
    let lists = [vec![Some(0.1), Some(0.9)]];
    assert_eq!(rest(Hits::Points, &[answer(Hits::Points, &lists).to_string().as_bytes()]).expect("readable").top_score, 100_000);
}

#[test]
fn an_error_has_no_lists() {
    let error = json!({"status": {"error": "no such vector"}, "time": 0.0}).to_string();
    assert_eq!(rest(Hits::Points, &[error.as_bytes()]), Ok(Finding::default()));
}

#[test]
fn brackets_that_close_nothing_are_unreadable() {
    for text in ["}", "]{}", ""] {
        assert_eq!(rest(Hits::List, &[text.as_bytes()]), Err(Unreadable::Malformed), "{text}");
    }
}

fn look(protocol: Protocol, headers: &[(&'static str, &str)], answer: &[u8], limit: usize) -> Result<Finding, Unreadable> {
    let header = |(name, value): &(&'static str, &str)| (name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value"));
    let headers: HeaderMap = headers.iter().map(header).collect();
    let mut look = Look::begin(Hits::List, protocol, &headers, limit);
    answer.chunks(100).for_each(|piece| look.feed(piece));
    look.finish()
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[test]
fn gzip_is_inflated_on_both_protocols_and_no_further_than_the_limit() {
    let lists = [vec![Some(0.5); 20]];
    let found = Finding { lists: 1, empty: 0, hits: 20, scored: 1, top_score: 500_000 };
    let text = answer(Hits::List, &lists).to_string().into_bytes();
    let rest = |packed: &[u8], limit| look(Protocol::Rest, &[("content-encoding", "gzip")], packed, limit);
    assert_eq!(rest(&gzipped(&text), text.len()), Ok(found));
    assert_eq!(rest(&gzipped(&text), text.len() - 1), Err(Unreadable::TooLarge), "a bomb");
    assert_eq!(rest(&text, usize::MAX), Err(Unreadable::Malformed), "not what the header says");
    assert_eq!(rest(&gzipped(&text)[..100], usize::MAX), Err(Unreadable::Malformed), "broken off");
    let message = message(Hits::List, &lists)[5..].to_vec();
    let grpc = |packed: &[u8], limit| look(Protocol::Grpc, &[("grpc-encoding", "gzip")], &framed(1, packed), limit);
    assert_eq!(grpc(&gzipped(&message), message.len()), Ok(found));
    assert_eq!(grpc(&gzipped(&message), message.len() - 1), Err(Unreadable::TooLarge));
    assert_eq!(grpc(&message, usize::MAX), Err(Unreadable::Malformed));
}

#[test]
fn what_is_compressed_or_too_large_is_told_apart() {
    let lists = [vec![Some(0.5); 20]];
    let text = answer(Hits::List, &lists).to_string().into_bytes();
    let length = text.len().to_string();
    assert_eq!(look(Protocol::Rest, &[], &text, text.len()).map(|found| found.hits), Ok(20));
    assert_eq!(look(Protocol::Rest, &[], &text, text.len() - 1), Err(Unreadable::TooLarge), "found out on the way");
    assert_eq!(
        look(Protocol::Rest, &[("content-length", &length)], &text[..1], text.len() - 1),
        Err(Unreadable::TooLarge),
        "said beforehand"
    );
    assert_eq!(look(Protocol::Rest, &[("content-encoding", "br")], &text, usize::MAX), Err(Unreadable::Compressed));
    assert_eq!(look(Protocol::Grpc, &[], &framed(1, b"whatever"), usize::MAX), Err(Unreadable::Compressed));
    assert_eq!(look(Protocol::Grpc, &[], &framed(7, b"whatever"), usize::MAX), Err(Unreadable::Malformed));
}
