//! The search, recommend and discover calls from before there was one query call; each becomes a query.

use qdrant_edge::{Filter, JsonPath, PointId, SearchParams, SparseVector, WithPayloadInterface, WithVector};
use serde::Deserialize;

use super::error::{EngineError, EngineResult};
use super::query::{
    ContextPair, DiscoverInput, GroupsRequest, LookupLocation, Query, QueryInterface, QueryRequest, RecommendInput, RecommendStrategy,
    VectorInput, WithLookup,
};
use super::store::Store;
use super::vectors::VectorValue;

/// A call that becomes a query.
pub trait LegacyQuery {
    /// The query.
    fn into_query(self) -> EngineResult<QueryRequest>;
}

/// Fields all these calls share.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SearchOptions {
    /// Which points.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// How to search.
    #[serde(default)]
    pub params: Option<SearchParams>,
    /// How many; required where Qdrant requires it.
    #[serde(alias = "top")]
    pub limit: usize,
    /// How many to skip.
    #[serde(default)]
    pub offset: Option<usize>,
    /// Which payload to return.
    #[serde(default)]
    pub with_payload: Option<WithPayloadInterface>,
    /// Which vectors to return.
    #[serde(default, alias = "with_vectors")]
    pub with_vector: Option<WithVector>,
    /// Worst score to return.
    #[serde(default)]
    pub score_threshold: Option<f32>,
}

impl SearchOptions {
    fn into_query(self, query: Query, using: Option<String>, lookup_from: Option<LookupLocation>) -> QueryRequest {
        QueryRequest {
            prefetch: Vec::new(),
            query: Some(QueryInterface::Query(query)),
            using,
            filter: self.filter,
            params: self.params,
            score_threshold: self.score_threshold,
            limit: Some(self.limit),
            offset: self.offset,
            with_vector: self.with_vector,
            with_payload: self.with_payload,
            lookup_from,
        }
    }
}

/// The vector of a search, maybe with its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum SearchVector {
    /// The unnamed vector.
    Default(Vec<f32>),
    /// A named dense vector.
    Dense {
        /// The name.
        name: String,
        /// The vector.
        vector: Vec<f32>,
    },
    /// A named sparse vector.
    Sparse {
        /// The name.
        name: String,
        /// The vector.
        vector: SparseVector,
    },
}

impl SearchVector {
    fn into_parts(self) -> (VectorValue, Option<String>) {
        match self {
            Self::Default(vector) => (VectorValue::Dense(vector), None),
            Self::Dense { name, vector } => (VectorValue::Dense(vector), Some(name)),
            Self::Sparse { name, vector } => (VectorValue::Sparse(vector), Some(name)),
        }
    }
}

/// `POST …/points/search`.
#[derive(Clone, Debug, Deserialize)]
pub struct SearchRequest {
    /// What to search for.
    pub vector: SearchVector,
    /// The rest.
    #[serde(flatten)]
    pub options: SearchOptions,
}

impl LegacyQuery for SearchRequest {
    fn into_query(self) -> EngineResult<QueryRequest> {
        let (vector, using) = self.vector.into_parts();
        let query = Query::Nearest { nearest: VectorInput::Vector(vector), mmr: None };
        Ok(self.options.into_query(query, using, None))
    }
}

/// `POST …/points/recommend`.
#[derive(Clone, Debug, Deserialize)]
pub struct RecommendRequest {
    /// Like these.
    #[serde(default)]
    pub positive: Vec<VectorInput>,
    /// Unlike these.
    #[serde(default)]
    pub negative: Vec<VectorInput>,
    /// How examples become a score.
    #[serde(default)]
    pub strategy: Option<RecommendStrategy>,
    /// Which vector.
    #[serde(default)]
    pub using: Option<String>,
    /// Where ids are looked up.
    #[serde(default)]
    pub lookup_from: Option<LookupLocation>,
    /// The rest.
    #[serde(flatten)]
    pub options: SearchOptions,
}

impl LegacyQuery for RecommendRequest {
    fn into_query(self) -> EngineResult<QueryRequest> {
        let strategy = self.strategy.unwrap_or_default();
        if self.positive.is_empty() {
            if strategy == RecommendStrategy::AverageVector {
                return Err(EngineError::bad_request("At least one positive vector ID required with this strategy"));
            }
            if self.negative.is_empty() {
                return Err(EngineError::bad_request("At least one positive or negative vector ID required with this strategy"));
            }
        }
        let query = Query::Recommend {
            recommend: RecommendInput { positive: Some(self.positive), negative: Some(self.negative), strategy: Some(strategy) },
        };
        Ok(self.options.into_query(query, self.using, self.lookup_from))
    }
}

/// `POST …/points/discover`.
#[derive(Clone, Debug, Deserialize)]
pub struct DiscoverRequest {
    /// The target; without one the context alone counts.
    #[serde(default)]
    pub target: Option<VectorInput>,
    /// Pairs.
    #[serde(default)]
    pub context: Option<Vec<ContextPair>>,
    /// Which vector.
    #[serde(default)]
    pub using: Option<String>,
    /// Where ids are looked up.
    #[serde(default)]
    pub lookup_from: Option<LookupLocation>,
    /// The rest.
    #[serde(flatten)]
    pub options: SearchOptions,
}

impl LegacyQuery for DiscoverRequest {
    fn into_query(self) -> EngineResult<QueryRequest> {
        let context = self.context.unwrap_or_default();
        let query = match self.target {
            Some(target) => Query::Discover { discover: DiscoverInput { target, context } },
            None if context.is_empty() => {
                return Err(EngineError::bad_request("target and/or context should be specified"));
            }
            None => Query::Context { context },
        };
        Ok(self.options.into_query(query, self.using, self.lookup_from))
    }
}

/// What a grouped call adds.
#[derive(Clone, Debug, Deserialize)]
pub struct GroupOptions {
    /// The payload field that makes a group.
    pub group_by: JsonPath,
    /// Most points a group.
    pub group_size: usize,
    /// A collection that holds one point a group.
    #[serde(default)]
    pub with_lookup: Option<WithLookup>,
}

impl GroupOptions {
    fn around(self, query: QueryRequest) -> GroupsRequest {
        GroupsRequest { query, group_by: self.group_by, group_size: Some(self.group_size), with_lookup: self.with_lookup }
    }
}

/// `POST …/points/search/groups`.
#[derive(Clone, Debug, Deserialize)]
pub struct SearchGroupsRequest {
    /// The search.
    #[serde(flatten)]
    pub search: SearchRequest,
    /// The groups.
    #[serde(flatten)]
    pub groups: GroupOptions,
}

impl SearchGroupsRequest {
    /// The grouped query.
    pub fn into_groups(self) -> EngineResult<GroupsRequest> {
        Ok(self.groups.around(self.search.into_query()?))
    }
}

/// `POST …/points/recommend/groups`.
#[derive(Clone, Debug, Deserialize)]
pub struct RecommendGroupsRequest {
    /// The recommendation.
    #[serde(flatten)]
    pub recommend: RecommendRequest,
    /// The groups.
    #[serde(flatten)]
    pub groups: GroupOptions,
}

impl RecommendGroupsRequest {
    /// The grouped query.
    pub fn into_groups(self) -> EngineResult<GroupsRequest> {
        Ok(self.groups.around(self.recommend.into_query()?))
    }
}

impl Store {
    /// These calls refuse an example that is missing, where the query call passes over it.
    pub fn check_examples(&self, name: &str, query: &QueryRequest) -> EngineResult<()> {
        let ids: Vec<PointId> = super::search::examples(query);
        if ids.is_empty() {
            return Ok(());
        }
        let from = query.lookup_from.as_ref();
        let name = from.map_or(name, |lookup| lookup.collection.as_str());
        let collection = self.collection(name)?;
        let found = collection.shard().retrieve(&ids, Some(WithPayloadInterface::Bool(false)), Some(WithVector::Bool(false)))?;
        match ids.iter().find(|id| !found.iter().any(|record| record.id == **id)) {
            None => Ok(()),
            Some(missing) => Err(EngineError::no_point(*missing)),
        }
    }
}
