//! An answer to a search: what the two scanners find in it. serde_json and prost, which decode everything, have to agree
//! wherever they take it for one.

use std::collections::HashSet;
use std::fmt;

use pointsman::metrics::Finding;
use pointsman::protocol::hits;
use pointsman::protocol::messages::{Framed, Scan};
use pointsman::protocol::operations::Hits;
use pointsman::proxy::parse::Tally;
use prost::Message;
use qdrant_client::qdrant::{QueryBatchResponse, QueryGroupsResponse, QueryResponse, ScoredPoint};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::pieces;

const SHAPES: [Hits; 5] = [Hits::List, Hits::Points, Hits::Lists, Hits::PointsLists, Hits::Groups];

pub fn answer_json(data: &[u8]) {
    let [wanted, shape, text @ ..] = data else { return };
    let place = SHAPES[usize::from(*shape) % SHAPES.len()];
    let scan = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut scanner = hits::in_json(place, Tally::default());
        pieces.for_each(|piece| scanner.feed(piece).expect("it notes what it cannot read"));
        scanner.finish().map(|found| found.into_visitor().finding())
    };
    let whole = scan(&mut [text].into_iter());
    assert_eq!(whole, scan(&mut pieces(text, *wanted)), "the pieces matter");
    // Of a key that stands twice a parser takes the last, and the scanner both.
    if serde_json::from_slice::<Unique>(text).is_err() {
        return;
    }
    let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(text) else { return };
    match whole {
        Some(found) => agree(found, in_json(place, answer.get("result"))),
        // It reads no escapes in keys, and no numbers longer than any score.
        None => assert!(text.contains(&b'\\') || text.len() > 32, "it is JSON"),
    }
}

pub fn answer_protobuf(data: &[u8]) {
    let [wanted, shape, message @ ..] = data else { return };
    let place = SHAPES[usize::from(*shape) % SHAPES.len()];
    let length = u32::try_from(message.len()).expect("the input is short");
    let frame = [&[0], &length.to_be_bytes()[..], message].concat();
    let scan = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut scanner = Framed::new(hits::in_message(place, Tally::default()), false, usize::MAX);
        pieces.for_each(|piece| scanner.feed(piece));
        let found = scanner.finish().ok().and_then(|walker| walker.finish().ok());
        found.map(|found| found.into_visitor().finding())
    };
    let whole = scan(&mut [frame.as_slice()].into_iter());
    assert_eq!(whole, scan(&mut pieces(&frame, *wanted)), "the pieces matter");
    if let (Some(found), Some(expected)) = (whole, in_protobuf(place, message)) {
        agree(found, expected);
    }
}

/// Up to the last place of each rounded score.
fn agree(found: Finding, expected: Finding) {
    let slack = expected.scored;
    assert!(found.top_score.abs_diff(expected.top_score) <= slack, "{found:?}, not {expected:?}");
    assert_eq!(Finding { top_score: 0, ..found }, Finding { top_score: 0, ..expected });
}

fn in_json(hits: Hits, result: Option<&Value>) -> Finding {
    let mut finding = Finding::default();
    let list = |items: &Value| items.as_array().map(|items| items.iter().filter(|item| item.is_object()).cloned().collect::<Vec<_>>());
    let mut add = |hits: &[Value]| finding.add(hits.len() as u64, hits.first().and_then(|best| best["score"].as_f64()));
    let Some(result) = result else { return finding };
    match hits {
        Hits::List => list(result).iter().for_each(|hits| add(hits)),
        Hits::Points => list(&result["points"]).iter().for_each(|hits| add(hits)),
        Hits::Lists => result.as_array().into_iter().flatten().filter_map(list).for_each(|hits| add(&hits)),
        Hits::PointsLists => {
            let points = result.as_array().into_iter().flatten().map(|item| &item["points"]);
            points.filter_map(list).for_each(|hits| add(&hits));
        }
        Hits::Groups => {
            let groups = result["groups"].as_array();
            let all = groups.map(|groups| groups.iter().filter_map(|group| list(&group["hits"])).flatten().collect::<Vec<_>>());
            all.iter().for_each(|hits| add(hits));
        }
    }
    finding
}

/// None when prost does not take it for such an answer.
fn in_protobuf(hits: Hits, message: &[u8]) -> Option<Finding> {
    let mut finding = Finding::default();
    let mut add = |hits: &[ScoredPoint]| finding.add(hits.len() as u64, hits.first().map(|best| f64::from(best.score)));
    match hits {
        Hits::List | Hits::Points => add(&QueryResponse::decode(message).ok()?.result),
        Hits::Lists | Hits::PointsLists => QueryBatchResponse::decode(message).ok()?.result.iter().for_each(|list| add(&list.result)),
        Hits::Groups => {
            let groups = QueryGroupsResponse::decode(message).ok()?.result.unwrap_or_default().groups;
            add(&groups.into_iter().flat_map(|group| group.hits).collect::<Vec<_>>());
        }
    }
    Some(finding)
}

/// JSON in which no key of an object stands twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Unique;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, Unique)) = map.next_entry::<String, Unique>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}
