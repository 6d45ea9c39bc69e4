//! The body of a write: which points it touches. serde_json and prost, which decode everything, must never know of one that was not
//! found.

use pointsman::protocol::messages::Scan;
use pointsman::protocol::points::PointId;
use pointsman::protocol::points::touched::{Collector, Selector, Touched, Write, in_json, in_message};
use prost::Message;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::points_update_operation::Operation;
use qdrant_client::qdrant::{DeletePoints, PointsSelector, SetPayloadPoints, UpdateBatchPoints, UpdatePointVectors, UpsertPoints};
use serde_json::Value;

use super::pieces;

const WRITES: [Write; 5] =
    [Write::Upsert, Write::Vectors, Write::Selected(Selector::Third), Write::Selected(Selector::Fifth), Write::Batch];
/// Less than some inputs want.
const ROOM: usize = 256;

pub fn write_json(data: &[u8]) {
    let [wanted, write, text @ ..] = data else { return };
    let write = WRITES[usize::from(*write) % WRITES.len()];
    let scan = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut walker = in_json(write, ROOM);
        pieces.for_each(|piece| walker.feed(piece).expect("it notes what it cannot read"));
        walker.finish().map(Collector::touched)
    };
    let whole = scan(&mut [text].into_iter());
    assert_eq!(whole, scan(&mut pieces(text, *wanted)), "the pieces matter");
    let (Some(found), Ok(body)) = (whole, serde_json::from_slice::<Value>(text)) else { return };
    agree(&found, ids_in_json(write, &body));
}

pub fn write_protobuf(data: &[u8]) {
    let [wanted, write, message @ ..] = data else { return };
    let write = WRITES[usize::from(*write) % WRITES.len()];
    let scan = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut walker = in_message(write, ROOM);
        for piece in pieces {
            walker.feed(piece).ok()?;
        }
        walker.finish().ok().map(Collector::touched)
    };
    let whole = scan(&mut [message].into_iter());
    assert_eq!(whole, scan(&mut pieces(message, *wanted)), "the pieces matter");
    if let (Some(found), Some(ids)) = (whole, ids_in_message(write, message)) {
        agree(&found, ids);
    }
}

/// Every id that a parser knows of was found, where what was found is all.
fn agree(found: &Touched, ids: Vec<PointId>) {
    for id in ids {
        assert!(found.uncertain || found.ids.contains(&id), "{id} is not in {found:?}");
    }
}

/// As Qdrant would read them: what has another shape is refused there.
fn ids_in_json(write: Write, body: &Value) -> Vec<PointId> {
    let id = |id: &Value| serde_json::from_value::<PointId>(id.clone()).ok();
    let ids = |list: &Value| list.as_array().into_iter().flatten().filter_map(id).collect::<Vec<_>>();
    let points = |list: &Value| list.as_array().into_iter().flatten().filter_map(|point| id(&point["id"])).collect::<Vec<_>>();
    match write {
        Write::Upsert => [points(&body["points"]), ids(&body["batch"]["ids"])].concat(),
        Write::Vectors => points(&body["points"]),
        Write::Selected(_) => ids(&body["points"]),
        Write::Batch => {
            let operations = body["operations"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            operations.flat_map(|(name, body)| ids_in_json(named(name), body)).collect()
        }
    }
}

fn named(operation: &str) -> Write {
    match operation {
        "upsert" => Write::Upsert,
        "update_vectors" => Write::Vectors,
        _ => Write::Selected(Selector::Third),
    }
}

fn ids_in_message(write: Write, message: &[u8]) -> Option<Vec<PointId>> {
    let ids: Vec<Option<qdrant_client::qdrant::PointId>> = match write {
        Write::Upsert => UpsertPoints::decode(message).ok()?.points.into_iter().map(|point| point.id).collect(),
        Write::Vectors => UpdatePointVectors::decode(message).ok()?.points.into_iter().map(|point| point.id).collect(),
        Write::Selected(Selector::Third) => selected(DeletePoints::decode(message).ok()?.points),
        Write::Selected(Selector::Fifth) => selected(SetPayloadPoints::decode(message).ok()?.points_selector),
        Write::Batch => {
            let operations = UpdateBatchPoints::decode(message).ok()?.operations;
            operations.into_iter().filter_map(|operation| operation.operation).flat_map(of_operation).collect()
        }
    };
    Some(ids.into_iter().flatten().filter_map(|id| id.try_into().ok()).collect())
}

fn selected(selector: Option<PointsSelector>) -> Vec<Option<qdrant_client::qdrant::PointId>> {
    match selector.and_then(|selector| selector.points_selector_one_of) {
        Some(PointsSelectorOneOf::Points(list)) => list.ids.into_iter().map(Some).collect(),
        _ => Vec::new(),
    }
}

#[expect(deprecated, reason = "clients may still send them")]
fn of_operation(operation: Operation) -> Vec<Option<qdrant_client::qdrant::PointId>> {
    match operation {
        Operation::Upsert(upsert) => upsert.points.into_iter().map(|point| point.id).collect(),
        Operation::UpdateVectors(update) => update.points.into_iter().map(|point| point.id).collect(),
        Operation::DeleteDeprecated(points) | Operation::ClearPayloadDeprecated(points) => selected(Some(points)),
        Operation::SetPayload(set) => selected(set.points_selector),
        Operation::OverwritePayload(set) => selected(set.points_selector),
        Operation::DeletePayload(delete) => selected(delete.points_selector),
        Operation::DeleteVectors(delete) => selected(delete.points_selector),
        Operation::DeletePoints(delete) => selected(delete.points),
        Operation::ClearPayload(clear) => selected(clear.points),
    }
}
