//! The distance matrix: how near a sample of points are to one another.

use qdrant_edge::{Condition, Filter, HasIdCondition, HasVectorCondition, PointId, ScoredPoint};

use super::collection::Collection;
use super::error::EngineResult;
use super::query::{MatrixRequest, Query, QueryInterface, QueryRequest, Sample, VectorInput};
use super::read::at_least;
use super::store::Store;

const DEFAULT_SAMPLE: usize = 10;
const DEFAULT_NEIGHBOURS: usize = 3;

/// Sampled points, each with its nearest among the others.
#[derive(Clone, Debug, Default)]
pub struct MatrixResult {
    /// The sample, by id.
    pub ids: Vec<PointId>,
    /// For each of `ids`, its neighbours, nearest first.
    pub neighbours: Vec<Vec<ScoredPoint>>,
}

impl Store {
    /// `POST /collections/{name}/points/search/matrix/…`; pairs and offsets are two ways to write this.
    pub fn matrix(&self, name: &str, request: &MatrixRequest) -> EngineResult<MatrixResult> {
        if request.sample.is_some_and(|sample| sample < 2) {
            return Err(at_least("sample", 2));
        }
        if request.limit == Some(0) {
            return Err(at_least("limit", 1));
        }
        let collection = self.collection(name)?;
        let mut ids: Vec<PointId> = self.sample(&collection, request)?.into_iter().map(|point| point.id).collect();
        if ids.len() < 2 {
            return Ok(MatrixResult::default());
        }
        ids.sort_unstable();
        let neighbours = ids.iter().map(|id| self.neighbours(&collection, request, &ids, *id)).collect::<EngineResult<_>>()?;
        Ok(MatrixResult { ids, neighbours })
    }

    fn sample(&self, collection: &Collection, request: &MatrixRequest) -> EngineResult<Vec<ScoredPoint>> {
        let mut filter = request.filter.clone().unwrap_or_default();
        filter
            .must
            .get_or_insert_default()
            .push(Condition::HasVector(HasVectorCondition { has_vector: request.using.clone().unwrap_or_default() }));
        let query = QueryRequest {
            query: Some(QueryInterface::Query(Query::Sample { sample: Sample::Random })),
            filter: Some(filter),
            limit: Some(request.sample.unwrap_or(DEFAULT_SAMPLE)),
            ..QueryRequest::default()
        };
        self.query_in(collection, query)
    }

    fn neighbours(&self, collection: &Collection, request: &MatrixRequest, ids: &[PointId], of: PointId) -> EngineResult<Vec<ScoredPoint>> {
        let among = ids.iter().copied().collect::<HasIdCondition>();
        let query = QueryRequest {
            query: Some(QueryInterface::Nearest(VectorInput::Id(of))),
            using: request.using.clone(),
            filter: Some(Filter::new_must(Condition::HasId(among))),
            limit: Some(request.limit.unwrap_or(DEFAULT_NEIGHBOURS)),
            ..QueryRequest::default()
        };
        self.query_in(collection, query)
    }
}
