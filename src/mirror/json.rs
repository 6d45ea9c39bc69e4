//! The hits of a JSON answer.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lists::{Id, List};
use super::shape::Shape;
use crate::proxy::classify::Hits;
use crate::stats::shadow::MAX_PAYLOAD_BYTES;

#[derive(Deserialize)]
struct Envelope<T> {
    result: T,
}

#[derive(Deserialize)]
struct Points<'a> {
    #[serde(borrow)]
    points: Vec<Point<'a>>,
}

#[derive(Deserialize)]
struct Groups<'a> {
    #[serde(borrow)]
    groups: Vec<Group<'a>>,
}

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    hits: Vec<Point<'a>>,
}

#[derive(Deserialize)]
struct Point<'a> {
    id: PointId,
    score: Option<f64>,
    /// Parsed only where it is wanted.
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PointId {
    Number(u64),
    Text(String),
}

impl From<PointId> for Id {
    fn from(id: PointId) -> Self {
        match id {
            PointId::Number(number) => Self::Number(number),
            PointId::Text(text) => Self::Text(text),
        }
    }
}

pub(super) fn lists(shape: Shape, text: &[u8]) -> serde_json::Result<Vec<List>> {
    let list = |points: Vec<Point<'_>>| listed(shape, points);
    Ok(match shape.hits {
        Hits::List => vec![list(result(text)?)],
        Hits::Points => vec![list(result::<Points<'_>>(text)?.points)],
        Hits::Lists => result::<Vec<Vec<Point<'_>>>>(text)?.into_iter().map(list).collect(),
        Hits::PointsLists => result::<Vec<Points<'_>>>(text)?.into_iter().map(|points| list(points.points)).collect(),
        Hits::Groups => vec![list(result::<Groups<'_>>(text)?.groups.into_iter().flat_map(|group| group.hits).collect())],
    })
}

fn result<'a, T: Deserialize<'a>>(text: &'a [u8]) -> serde_json::Result<T> {
    serde_json::from_slice::<Envelope<T>>(text).map(|envelope| envelope.result)
}

fn listed(shape: Shape, points: Vec<Point<'_>>) -> List {
    let mut list = List::default();
    for Point { id, score, payload } in points {
        let payload = payload.map(RawValue::get).filter(|text| shape.payloads && text.len() <= MAX_PAYLOAD_BYTES);
        list.push(shape.depth, id.into(), score, || {
            payload.and_then(|text| serde_json::from_str(text).ok()).filter(|value: &serde_json::Value| !value.is_null())
        });
    }
    list
}
