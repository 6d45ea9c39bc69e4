//! Compares the touched points of writes of every kind with the values they were made of, in any pieces.

use proptest::prelude::*;
use prost::Message;
use qdrant_client::qdrant::points_update_operation::{self as batch, Operation};
use qdrant_client::qdrant::{self, Filter, PointsIdsList, PointsSelector, points_selector::PointsSelectorOneOf};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::protocol::messages::Scan;
use crate::protocol::operations::OPERATIONS;

/// More than any write here holds.
const ROOM: usize = 1 << 20;

/// How a write names its points.
#[derive(Clone, Debug)]
enum Chosen {
    Ids(Vec<PointId>),
    Filter(String),
}

/// A write, or one of a batch.
#[derive(Clone, Debug)]
enum Kind {
    Upsert(Vec<PointId>),
    Columns(Vec<PointId>),
    UpdateVectors(Vec<PointId>),
    DeleteVectors(Chosen),
    Delete(Chosen),
    SetPayload(Chosen),
    OverwritePayload(Chosen),
    DeletePayload(Chosen),
    ClearPayload(Chosen),
}

fn id() -> impl Strategy<Value = PointId> {
    prop_oneof![any::<u64>().prop_map(PointId::Number), any::<u128>().prop_map(|bits| PointId::Uuid(Uuid::from_u128(bits)))]
}

fn ids() -> impl Strategy<Value = Vec<PointId>> {
    prop::collection::vec(id(), 0..5)
}

fn chosen() -> impl Strategy<Value = Chosen> {
    prop_oneof![ids().prop_map(Chosen::Ids), "[a-z\"\\\\{}\\[\\]é]{0,9}".prop_map(Chosen::Filter)]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        ids().prop_map(Kind::Upsert),
        ids().prop_map(Kind::Columns),
        ids().prop_map(Kind::UpdateVectors),
        chosen().prop_map(Kind::DeleteVectors),
        chosen().prop_map(Kind::Delete),
        chosen().prop_map(Kind::SetPayload),
        chosen().prop_map(Kind::OverwritePayload),
        chosen().prop_map(Kind::DeletePayload),
        chosen().prop_map(Kind::ClearPayload),
    ]
}

/// Full of text that would mislead a careless scanner.
fn payload() -> Value {
    json!({"id": 99, "points": [{"id": 1}], "filter": {"must": []}, "t": "\"}],\\ {[\"ids\": ", "delete": {"points": [7]}})
}

fn filter(text: &str) -> Value {
    json!({"must": [{"key": text, "match": {"value": "}\"{"}}, {"has_id": [1, 2]}]})
}

impl Chosen {
    fn into(self, mut body: Value) -> Value {
        match self {
            Self::Ids(ids) => body["points"] = json!(ids),
            Self::Filter(text) => body["filter"] = filter(&text),
        }
        body
    }

    fn selector(self) -> Option<PointsSelector> {
        let one_of = match self {
            Self::Ids(ids) => PointsSelectorOneOf::Points(PointsIdsList { ids: ids.into_iter().map(wire).collect() }),
            Self::Filter(text) => PointsSelectorOneOf::Filter(message_filter(text)),
        };
        Some(PointsSelector { points_selector_one_of: Some(one_of) })
    }

    fn note(&self, touched: &mut Touched, filter: impl Fn(&str) -> Bytes) {
        match self {
            Self::Ids(ids) => touched.ids.extend(ids),
            Self::Filter(text) => touched.filters.push(filter(text)),
        }
    }
}

fn message_filter(text: String) -> Filter {
    Filter { must: vec![qdrant::Condition::matches(text, "x".to_owned())], ..Filter::default() }
}

fn wire(id: PointId) -> qdrant::PointId {
    match id {
        PointId::Number(number) => number.into(),
        PointId::Uuid(uuid) => uuid.to_string().into(),
    }
}

fn vectors(id: PointId) -> qdrant::PointVectors {
    qdrant::PointVectors { id: Some(wire(id)), vectors: Some(vec![0.5; 9].into()) }
}

fn point(id: PointId) -> qdrant::PointStruct {
    let payload = [("id".to_owned(), 99.into())].into();
    qdrant::PointStruct { id: Some(wire(id)), payload, vectors: Some(vec![0.5; 9].into()) }
}

impl Kind {
    fn write(&self) -> Write {
        match self {
            Self::Upsert(_) | Self::Columns(_) => Write::Upsert,
            Self::UpdateVectors(_) => Write::Vectors,
            Self::Delete(_) | Self::DeleteVectors(_) | Self::ClearPayload(_) => Write::Selected(Selector::Third),
            Self::SetPayload(_) | Self::OverwritePayload(_) | Self::DeletePayload(_) => Write::Selected(Selector::Fifth),
        }
    }

    /// Its name within a batch, and its body.
    fn json(self) -> (&'static str, Value) {
        let point = |id: PointId| json!({"vector": [0.5, {"id": 3}], "payload": payload(), "id": id});
        match self {
            Self::Upsert(ids) => {
                let points: Vec<Value> = ids.into_iter().map(point).collect();
                ("upsert", json!({"shard_key": "points", "points": points, "update_filter": filter("condition")}))
            }
            Self::Columns(ids) => {
                let payloads: Vec<Value> = ids.iter().map(|_| payload()).collect();
                ("upsert", json!({"batch": {"payloads": payloads, "ids": ids, "vectors": [[1.0]]}}))
            }
            Self::UpdateVectors(ids) => ("update_vectors", json!({"points": ids.into_iter().map(point).collect::<Vec<_>>()})),
            Self::DeleteVectors(chosen) => ("delete_vectors", chosen.into(json!({"vector": ["ids"]}))),
            Self::Delete(chosen) => ("delete", chosen.into(json!({"shard_key": ["a", "b"]}))),
            Self::SetPayload(chosen) => ("set_payload", chosen.into(json!({"payload": payload(), "key": "points"}))),
            Self::OverwritePayload(chosen) => ("overwrite_payload", chosen.into(json!({"payload": payload()}))),
            Self::DeletePayload(chosen) => ("delete_payload", chosen.into(json!({"keys": ["points", "filter"]}))),
            Self::ClearPayload(chosen) => ("clear_payload", chosen.into(json!({}))),
        }
    }

    fn message(self) -> Vec<u8> {
        let collection_name = "docs".to_owned();
        let payload = [("points".to_owned(), 99.into())].into();
        match self {
            Self::Upsert(ids) | Self::Columns(ids) => {
                let update_filter = Some(message_filter("condition".to_owned()));
                let points = ids.into_iter().map(point).collect();
                qdrant::UpsertPoints { collection_name, points, update_filter, ..Default::default() }.encode_to_vec()
            }
            Self::UpdateVectors(ids) => {
                let points = ids.into_iter().map(vectors).collect();
                qdrant::UpdatePointVectors { collection_name, points, ..Default::default() }.encode_to_vec()
            }
            Self::DeleteVectors(chosen) => {
                let points_selector = chosen.selector();
                qdrant::DeletePointVectors { collection_name, points_selector, ..Default::default() }.encode_to_vec()
            }
            Self::Delete(chosen) => {
                qdrant::DeletePoints { collection_name, points: chosen.selector(), ..Default::default() }.encode_to_vec()
            }
            Self::SetPayload(chosen) | Self::OverwritePayload(chosen) => {
                let points_selector = chosen.selector();
                qdrant::SetPayloadPoints { collection_name, payload, points_selector, ..Default::default() }.encode_to_vec()
            }
            Self::DeletePayload(chosen) => {
                let (keys, points_selector) = (vec!["points".to_owned()], chosen.selector());
                qdrant::DeletePayloadPoints { collection_name, keys, points_selector, ..Default::default() }.encode_to_vec()
            }
            Self::ClearPayload(chosen) => {
                qdrant::ClearPayloadPoints { collection_name, points: chosen.selector(), ..Default::default() }.encode_to_vec()
            }
        }
    }

    fn operation(self) -> Operation {
        let payload = [("points".to_owned(), 99.into())].into();
        match self {
            Self::Upsert(ids) | Self::Columns(ids) => {
                Operation::Upsert(batch::PointStructList { points: ids.into_iter().map(point).collect(), ..Default::default() })
            }
            Self::UpdateVectors(ids) => {
                Operation::UpdateVectors(batch::UpdateVectors { points: ids.into_iter().map(vectors).collect(), ..Default::default() })
            }
            Self::DeleteVectors(chosen) => {
                Operation::DeleteVectors(batch::DeleteVectors { points_selector: chosen.selector(), ..Default::default() })
            }
            Self::Delete(chosen) => Operation::DeletePoints(batch::DeletePoints { points: chosen.selector(), ..Default::default() }),
            Self::SetPayload(chosen) => {
                Operation::SetPayload(batch::SetPayload { payload, points_selector: chosen.selector(), ..Default::default() })
            }
            Self::OverwritePayload(chosen) => {
                Operation::OverwritePayload(batch::OverwritePayload { payload, points_selector: chosen.selector(), ..Default::default() })
            }
            Self::DeletePayload(chosen) => {
                Operation::DeletePayload(batch::DeletePayload { points_selector: chosen.selector(), ..Default::default() })
            }
            Self::ClearPayload(chosen) => Operation::ClearPayload(batch::ClearPayload { points: chosen.selector(), ..Default::default() }),
        }
    }

    fn note(&self, touched: &mut Touched, filter: impl Fn(&str) -> Bytes) {
        match self {
            Self::Upsert(ids) | Self::Columns(ids) | Self::UpdateVectors(ids) => touched.ids.extend(ids),
            Self::DeleteVectors(chosen)
            | Self::Delete(chosen)
            | Self::SetPayload(chosen)
            | Self::OverwritePayload(chosen)
            | Self::DeletePayload(chosen)
            | Self::ClearPayload(chosen) => chosen.note(touched, filter),
        }
    }
}

fn expected(kinds: &[Kind], filter: impl Fn(&str) -> Bytes) -> Touched {
    let mut touched = Touched::default();
    kinds.iter().for_each(|kind| kind.note(&mut touched, &filter));
    touched
}

fn read_json(write: Write, text: &[u8], piece: usize, room: usize) -> Option<Touched> {
    let mut walker = in_json(write, room);
    text.chunks(piece).for_each(|piece| walker.feed(piece).expect("it notes what it cannot read"));
    walker.finish().map(Collector::touched)
}

fn read_message(write: Write, message: &[u8], piece: usize) -> Touched {
    let mut walker = in_message(write, ROOM);
    message.chunks(piece).for_each(|piece| walker.feed(piece).expect("prost wrote it"));
    walker.finish().expect("prost wrote it").touched()
}

proptest! {
    #[test]
    fn what_a_write_touches_is_what_it_was_made_of(kind in kind(), piece in 1_usize..99, pretty in any::<bool>()) {
        let (write, kinds) = (kind.write(), [kind.clone()]);
        let (_, body) = kind.clone().json();
        let text = if pretty { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) }.expect("JSON");
        let found = read_json(write, &text, piece, ROOM).expect("it is readable");
        // A filter is kept as raw bytes, so it is compared by value.
        let values = |touched: &Touched| touched.filters.iter().map(|filter| serde_json::from_slice::<Value>(filter).expect("JSON")).collect::<Vec<_>>();
        let wanted = expected(&kinds, |text| filter(text).to_string().into());
        prop_assert_eq!((&found.ids, values(&found), found.uncertain), (&wanted.ids, values(&wanted), false));
        let wanted = expected(&kinds, |text| message_filter(text.to_owned()).encode_to_vec().into());
        prop_assert_eq!(read_message(write, &kind.message(), piece), wanted);
    }

    #[test]
    fn a_batch_touches_what_its_operations_do(kinds in prop::collection::vec(kind(), 0..5), piece in 1_usize..99) {
        let operations: Vec<Value> = kinds.iter().cloned().map(|kind| { let (name, body) = kind.json(); json!({name: body}) }).collect();
        let text = json!({"operations": operations}).to_string();
        let found = read_json(Write::Batch, text.as_bytes(), piece, ROOM).expect("it is readable");
        let wanted = expected(&kinds, |text| filter(text).to_string().into());
        prop_assert_eq!((&found.ids, found.filters.len(), found.uncertain), (&wanted.ids, wanted.filters.len(), false));
        let operations = kinds.iter().cloned().map(|kind| qdrant::PointsUpdateOperation { operation: Some(kind.operation()) }).collect();
        let message = qdrant::UpdateBatchPoints { collection_name: "docs".to_owned(), operations, ..Default::default() }.encode_to_vec();
        let wanted = expected(&kinds, |text| message_filter(text.to_owned()).encode_to_vec().into());
        prop_assert_eq!(read_message(Write::Batch, &message, piece), wanted);
    }

    /// If a body breaks off, the result never has too little.
    #[test]
    fn a_body_that_breaks_off_says_nothing(kind in kind(), at in any::<prop::sample::Index>()) {
        let (write, text) = (kind.write(), kind.json().1.to_string());
        prop_assert_eq!(read_json(write, &text.as_bytes()[..at.index(text.len())], 7, ROOM), None);
    }
}

/// Whether any point may be touched, or the touched points are unknown.
fn is_open(write: Write, body: &Value) -> bool {
    read_json(write, body.to_string().as_bytes(), 5, ROOM).is_none_or(|touched| touched.uncertain)
}

#[test]
fn what_this_version_does_not_know_may_touch_anything() {
    // Structs may be written as arrays of their fields.
    assert!(is_open(Write::Upsert, &json!([[{"id": 1, "vector": [1.0]}]])));
    assert!(is_open(Write::Upsert, &json!({"points": [[1, [1.0], null]]})));
    assert!(is_open(Write::Upsert, &json!({"points": [{"id": {"num": 1}}]})));
    assert!(is_open(Write::Upsert, &json!({"points": [{"id": "a/b"}]})));
    assert!(is_open(Write::Upsert, &json!({"points": "all"})));
    assert!(is_open(Write::Selected(Selector::Third), &json!({"points": [1.5]})));
    assert!(is_open(Write::Selected(Selector::Third), &json!({"filter": "all"})));
    assert!(is_open(Write::Batch, &json!({"operations": [{"truncate": {}}]})));
    let escaped = br#"{"po\u0069nts": [1]}"#;
    assert_eq!(read_json(Write::Selected(Selector::Third), escaped, 5, ROOM), None);
    // An id of another kind: field 3 of a `PointId`.
    let message = [0x1a, 4, 0x0a, 2, 0x18, 7];
    assert!(read_message(Write::Upsert, &message, 1).uncertain);
}

#[test]
fn what_is_not_there_touches_nothing() {
    for body in [json!({}), json!({"points": null, "filter": null}), json!({"points": []}), json!({"batch": null})] {
        for write in [Write::Upsert, Write::Vectors, Write::Selected(Selector::Third)] {
            assert_eq!(read_json(write, body.to_string().as_bytes(), 5, ROOM), Some(Touched::default()), "{body}");
        }
    }
}

#[test]
fn no_more_is_held_than_there_is_room_for() {
    let body = json!({"points": (0..100).collect::<Vec<u64>>()}).to_string();
    let write = Write::Selected(Selector::Third);
    let room = 10 * size_of::<PointId>();
    let touched = read_json(write, body.as_bytes(), 64, room).expect("it is readable");
    assert!(touched.uncertain && touched.ids.len() == 10, "{} ids", touched.ids.len());
    let filter = json!({"filter": {"must": [{"key": "x".repeat(1000)}]}}).to_string();
    let touched = read_json(write, filter.as_bytes(), 64, room).expect("it is readable");
    assert!(touched.uncertain && touched.filters.iter().all(|filter| filter.len() <= room));
}

#[test]
fn every_write_of_points_says_what_its_body_consists_of() {
    let without: Vec<&str> = OPERATIONS
        .iter()
        .filter(|operation| operation.class == crate::protocol::Class::Write && operation.writes.is_none())
        .map(|operation| operation.name)
        .collect();
    assert_eq!(without, [""; 0]);
    assert_eq!(OPERATIONS.iter().filter(|operation| operation.writes.is_some()).count(), 9);
}
