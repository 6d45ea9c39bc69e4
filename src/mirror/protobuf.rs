//! The hits of a protobuf answer. Searches, queries, recommendations and discoveries answer with messages of the same fields, so
//! three types read them all.

use bytes::Bytes;
use prost::{DecodeError, Message};
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::{ScoredPoint, SearchBatchResponse, SearchGroupsResponse, SearchResponse};
use serde_json::Value;

use super::lists::{Id, List};
use super::shape::Shape;
use crate::proxy::classify::Hits;

pub(super) fn lists(shape: Shape, message: Bytes) -> Result<Vec<List>, DecodeError> {
    let list = |points: Vec<ScoredPoint>| listed(shape, points);
    Ok(match shape.hits {
        Hits::List | Hits::Points => vec![list(SearchResponse::decode(message)?.result)],
        Hits::Lists | Hits::PointsLists => {
            SearchBatchResponse::decode(message)?.result.into_iter().map(|batch| list(batch.result)).collect()
        }
        Hits::Groups => {
            let groups = SearchGroupsResponse::decode(message)?.result.map(|result| result.groups).unwrap_or_default();
            vec![list(groups.into_iter().flat_map(|group| group.hits).collect())]
        }
    })
}

fn listed(shape: Shape, points: Vec<ScoredPoint>) -> List {
    let mut list = List::default();
    for point in points {
        let id = match point.id.and_then(|id| id.point_id_options) {
            Some(PointIdOptions::Num(number)) => Id::Number(number),
            Some(PointIdOptions::Uuid(text)) => Id::Text(text),
            // Qdrant writes one always; a hit without is nobody's.
            None => continue,
        };
        let payload = Some(point.payload).filter(|payload| shape.payloads && !payload.is_empty());
        let json = || payload.map(|fields| Value::Object(fields.into_iter().map(|(key, value)| (key, value.into())).collect()));
        list.push(shape.depth, id, Some(f64::from(point.score)), json);
    }
    list
}
