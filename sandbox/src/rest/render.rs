//! Points as Qdrant writes them.

use qdrant_edge::{
    FacetResponse, FacetValue, FacetValueHit, OrderValue, Payload, PointId, Record, ScoredPoint, VectorStructInternal,
    VectorStructPersisted,
};
use serde::Serialize;

use crate::engine::{GroupId, MatrixResult, PointGroup};

#[derive(Serialize)]
pub(super) struct RecordOut {
    id: PointId,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<VectorStructPersisted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_value: Option<OrderValue>,
}

#[derive(Serialize)]
pub(super) struct ScoredOut {
    id: PointId,
    version: u64,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<VectorStructPersisted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_value: Option<OrderValue>,
}

#[derive(Serialize)]
pub(super) struct PointsOut {
    points: Vec<ScoredOut>,
}

#[derive(Serialize)]
pub(super) struct PageOut {
    points: Vec<RecordOut>,
    next_page_offset: Option<PointId>,
}

#[derive(Serialize)]
pub(super) struct GroupsOut {
    groups: Vec<GroupOut>,
}

#[derive(Serialize)]
struct GroupOut {
    hits: Vec<ScoredOut>,
    id: GroupId,
    #[serde(skip_serializing_if = "Option::is_none")]
    lookup: Option<RecordOut>,
}

#[derive(Serialize)]
pub(super) struct FacetOut {
    hits: Vec<FacetHitOut>,
}

#[derive(Serialize)]
struct FacetHitOut {
    value: FacetValueOut,
    count: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FacetValueOut {
    Text(String),
    Integer(i64),
    Bool(bool),
}

#[derive(Serialize)]
pub(super) struct PairsOut {
    pairs: Vec<PairOut>,
}

#[derive(Serialize)]
struct PairOut {
    a: PointId,
    b: PointId,
    score: f32,
}

#[derive(Default, Serialize)]
pub(super) struct OffsetsOut {
    offsets_row: Vec<usize>,
    offsets_col: Vec<usize>,
    scores: Vec<f32>,
    ids: Vec<PointId>,
}

fn vectors(vectors: Option<VectorStructInternal>) -> Option<VectorStructPersisted> {
    vectors.map(VectorStructPersisted::from)
}

/// A stored point.
pub(super) fn record(record: Record) -> RecordOut {
    RecordOut { id: record.id, payload: record.payload, vector: vectors(record.vector), order_value: record.order_value }
}

/// Stored points.
pub(super) fn records(found: Vec<Record>) -> Vec<RecordOut> {
    found.into_iter().map(record).collect()
}

/// A page of stored points.
pub(super) fn page((found, next): (Vec<Record>, Option<PointId>)) -> PageOut {
    PageOut { points: records(found), next_page_offset: next }
}

fn scored(point: ScoredPoint) -> ScoredOut {
    ScoredOut {
        id: point.id,
        version: point.version,
        score: point.score,
        payload: point.payload,
        vector: vectors(point.vector),
        order_value: point.order_value,
    }
}

/// Found points as the older calls list them.
pub(super) fn hits(points: Vec<ScoredPoint>) -> Vec<ScoredOut> {
    points.into_iter().map(scored).collect()
}

/// Found points as the query call lists them.
pub(super) fn points(points: Vec<ScoredPoint>) -> PointsOut {
    PointsOut { points: hits(points) }
}

/// Groups.
pub(super) fn groups(groups: Vec<PointGroup>) -> GroupsOut {
    let groups = groups.into_iter().map(|group| GroupOut { hits: hits(group.hits), id: group.id, lookup: group.lookup.map(record) });
    GroupsOut { groups: groups.collect() }
}

/// Counts of values.
pub(super) fn facet(response: FacetResponse) -> FacetOut {
    let hits = response.hits.into_iter().map(|FacetValueHit { value, count }| FacetHitOut {
        value: match value {
            FacetValue::Keyword(text) => FacetValueOut::Text(text),
            FacetValue::Int(number) => FacetValueOut::Integer(number),
            FacetValue::Uuid(number) => FacetValueOut::Text(uuid::Uuid::from_u128(number).to_string()),
            FacetValue::Bool(truth) => FacetValueOut::Bool(truth),
        },
        count,
    });
    FacetOut { hits: hits.collect() }
}

/// A matrix as pairs.
pub(super) fn pairs(matrix: &MatrixResult) -> PairsOut {
    let rows = matrix.ids.iter().zip(&matrix.neighbours);
    let pairs = rows.flat_map(|(a, row)| row.iter().map(|point| PairOut { a: *a, b: point.id, score: point.score }));
    PairsOut { pairs: pairs.collect() }
}

/// A matrix as offsets.
pub(super) fn offsets(matrix: MatrixResult) -> OffsetsOut {
    let mut out = OffsetsOut::default();
    for (place, row) in matrix.neighbours.iter().enumerate() {
        for point in row {
            if let Ok(column) = matrix.ids.binary_search(&point.id) {
                out.offsets_row.push(place);
                out.offsets_col.push(column);
                out.scores.push(point.score);
            }
        }
    }
    out.ids = matrix.ids;
    out
}
