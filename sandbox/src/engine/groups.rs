//! Groups: the best points of each value of a payload field.
//!
//! Qdrant asks its shards several times until enough groups are full; over one shard of a sandbox it is exact, and
//! simpler to follow, to rank everything once.

use std::collections::HashMap;

use qdrant_edge::{Payload, PayloadSelector, PayloadSelectorInclude, PointId, Record, ScoredPoint, WithPayloadInterface, WithVector};
use serde::Serialize;
use serde_json::Value;

use super::collection::Collection;
use super::error::EngineResult;
use super::query::{GroupsRequest, Query, QueryInterface, WithLookup};
use super::read::at_least;
use super::search::DEFAULT_LIMIT;
use super::store::Store;

const DEFAULT_GROUP_SIZE: usize = 3;

/// The value a group shares.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, Hash)]
#[serde(untagged)]
pub enum GroupId {
    /// A number that is not negative.
    Unsigned(u64),
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// A group with its points.
#[derive(Clone, Debug)]
pub struct PointGroup {
    /// The value.
    pub id: GroupId,
    /// The points, best first.
    pub hits: Vec<ScoredPoint>,
    /// The point of the lookup collection.
    pub lookup: Option<Record>,
}

impl Store {
    /// `POST /collections/{name}/points/query/groups`.
    pub fn query_groups(&self, name: &str, request: &GroupsRequest) -> EngineResult<Vec<PointGroup>> {
        let size = request.group_size.unwrap_or(DEFAULT_GROUP_SIZE);
        let limit = request.query.limit.unwrap_or(DEFAULT_LIMIT);
        if size == 0 {
            return Err(at_least("group_size", 1));
        }
        if limit == 0 {
            return Err(at_least("limit", 1));
        }
        let collection = self.collection(name)?;
        let lookup = match &request.with_lookup {
            None => None,
            Some(with) => Some((self.collection(&with.collection)?, with)),
        };

        let mut everything = request.query.clone();
        everything.limit = Some(collection.shard().info().points_count.max(1));
        everything.offset = None;
        everything.with_vector = None;
        everything.with_payload = Some(only(request));
        widen_prefetches(&mut everything, size.saturating_mul(limit));

        let ranked = self.query_in(&collection, everything)?;
        let mut groups = grouped(ranked, request, size, limit);
        fill(&collection, request, &mut groups)?;
        if let Some((collection, with)) = lookup {
            look_up(&collection, with, &mut groups)?;
        }
        Ok(groups)
    }
}

/// Fusion ranks what its prefetches found, so they must find enough for all groups.
fn widen_prefetches(query: &mut super::query::QueryRequest, least: usize) {
    let fuses = matches!(&query.query, Some(QueryInterface::Query(Query::Fusion { .. } | Query::Rrf { .. })));
    for prefetch in &mut query.prefetch {
        if fuses {
            prefetch.limit = Some(prefetch.limit.unwrap_or(DEFAULT_LIMIT).max(least));
        }
    }
}

fn only(request: &GroupsRequest) -> WithPayloadInterface {
    WithPayloadInterface::Selector(PayloadSelector::Include(PayloadSelectorInclude { include: vec![request.group_by.clone()] }))
}

fn grouped(ranked: Vec<ScoredPoint>, request: &GroupsRequest, size: usize, limit: usize) -> Vec<PointGroup> {
    let mut groups: Vec<PointGroup> = Vec::new();
    let mut places: HashMap<GroupId, usize> = HashMap::new();
    for point in ranked {
        for id in group_ids(point.payload.as_ref(), request) {
            let place = match places.get(&id) {
                Some(place) => *place,
                None if groups.len() == limit => continue,
                None => {
                    places.insert(id.clone(), groups.len());
                    groups.push(PointGroup { id, hits: Vec::new(), lookup: None });
                    groups.len() - 1
                }
            };
            if let Some(group) = groups.get_mut(place)
                && group.hits.len() < size
            {
                group.hits.push(point.clone());
            }
        }
    }
    groups
}

/// The groups of one point; each once, though a value stands there twice.
fn group_ids(payload: Option<&Payload>, request: &GroupsRequest) -> Vec<GroupId> {
    let Some(payload) = payload else {
        return Vec::new();
    };
    let mut ids = Vec::new();
    for value in request.group_by.value_get(&payload.0) {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![single],
        };
        for id in values.into_iter().filter_map(group_id) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}

fn group_id(value: &Value) -> Option<GroupId> {
    match value {
        Value::String(text) => Some(GroupId::Text(text.clone())),
        Value::Number(number) => number.as_u64().map(GroupId::Unsigned).or_else(|| number.as_i64().map(GroupId::Integer)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Gives the points that are left the payload and vectors the client asked for.
fn fill(collection: &Collection, request: &GroupsRequest, groups: &mut [PointGroup]) -> EngineResult<()> {
    let payload = request.query.with_payload.clone().unwrap_or(WithPayloadInterface::Bool(false));
    let vector = request.query.with_vector.clone().unwrap_or(WithVector::Bool(false));
    let ids: Vec<PointId> = groups.iter().flat_map(|group| group.hits.iter().map(|hit| hit.id)).collect();
    let records = collection.shard().retrieve(&ids, Some(payload), Some(vector))?;
    let by_id: HashMap<PointId, Record> = records.into_iter().map(|record| (record.id, record)).collect();
    for hit in groups.iter_mut().flat_map(|group| &mut group.hits) {
        let record = by_id.get(&hit.id);
        hit.payload = record.and_then(|record| record.payload.clone());
        hit.vector = record.and_then(|record| record.vector.clone());
    }
    Ok(())
}

fn look_up(collection: &Collection, with: &WithLookup, groups: &mut [PointGroup]) -> EngineResult<()> {
    let payload = with.with_payload.clone().unwrap_or(WithPayloadInterface::Bool(true));
    let vectors = with.with_vectors.clone().unwrap_or(WithVector::Bool(false));
    for group in groups {
        let Some(id) = group.id.as_point() else {
            continue;
        };
        let found = collection.shard().retrieve(&[id], Some(payload.clone()), Some(vectors.clone()))?;
        group.lookup = found.into_iter().next();
    }
    Ok(())
}

impl GroupId {
    /// The point of that id, where the value can be one.
    fn as_point(&self) -> Option<PointId> {
        match self {
            Self::Unsigned(number) => Some(PointId::NumId(*number)),
            Self::Integer(_) => None,
            Self::Text(text) => text.parse().ok().map(PointId::Uuid),
        }
    }
}
