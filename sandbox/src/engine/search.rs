//! Queries: ids and texts become vectors, then the engine plans and runs the whole tree.

use std::collections::HashSet;

use qdrant_edge::external::ordered_float::OrderedFloat;
use qdrant_edge::{
    Condition, ContextPair as EngineContextPair, ContextQuery, DiscoverQuery, FeedbackItem, FeedbackNaiveQuery, Filter, Formula,
    Fusion as EngineFusion, HasIdCondition, Mmr as EngineMmr, NaiveFeedbackStrategy, NamedQuery, PointId, Prefetch, QueryEnum,
    QueryRequest as EngineRequest, Sample as EngineSample, ScoredPoint, ScoringQuery, VectorInternal, WithPayloadInterface, WithVector,
};

use super::collection::Collection;
use super::error::{EngineError, EngineResult};
use super::query::{
    ContextPair, FeedbackStrategy, Fusion, LookupLocation, Mmr, Query, QueryInterface, QueryRequest, RecommendInput, RelevanceFeedback,
    Rrf, VectorInput,
};
use super::read::at_least;
use super::recommend;
use super::store::Store;

/// How many results there are when nobody says.
pub(super) const DEFAULT_LIMIT: usize = 10;
/// Qdrant's constant for merging by rank.
const DEFAULT_RRF_K: usize = 2;
/// Half relevance, half diversity.
const DEFAULT_DIVERSITY: f32 = 0.5;

impl Store {
    /// `POST /collections/{name}/points/query`.
    pub fn query(&self, name: &str, request: QueryRequest) -> EngineResult<Vec<ScoredPoint>> {
        let collection = self.collection(name)?;
        self.query_in(&collection, request)
    }

    /// `POST /collections/{name}/points/query/batch`: all or nothing.
    pub fn query_batch(&self, name: &str, requests: Vec<QueryRequest>) -> EngineResult<Vec<Vec<ScoredPoint>>> {
        let collection = self.collection(name)?;
        requests.into_iter().map(|request| self.query_in(&collection, request)).collect()
    }

    /// Queries a collection whose name is resolved already.
    pub(super) fn query_in(&self, collection: &Collection, request: QueryRequest) -> EngineResult<Vec<ScoredPoint>> {
        let scope = Scope { store: self, collection };
        let offset = request.offset.unwrap_or(0);
        let request = scope.engine_request(request)?;
        // The plan fetches `limit + offset`; cutting the offset off is left to whoever merges shards.
        let skip = if samples_freely(&request) { 0 } else { offset };
        let limit = request.limit;
        let vectors_wanted = request.with_vector.is_enabled();
        let mut points = collection.shard().query(request)?;
        if !vectors_wanted {
            // Diversity works on vectors and leaves them in.
            for point in &mut points {
                point.vector = None;
            }
        }
        Ok(points.into_iter().skip(skip).take(limit).collect())
    }
}

fn samples_freely(request: &EngineRequest) -> bool {
    request.prefetches.is_empty() && matches!(request.query, Some(ScoringQuery::Sample(_)))
}

/// Where vectors are looked up while a request is translated.
struct Scope<'a> {
    store: &'a Store,
    collection: &'a Collection,
}

/// Where the ids in one query stand for vectors.
struct Lookup<'a> {
    scope: &'a Scope<'a>,
    from: Option<&'a LookupLocation>,
    using: &'a str,
}

impl Scope<'_> {
    fn engine_request(&self, request: QueryRequest) -> EngineResult<EngineRequest> {
        let mut excluded = HashSet::new();
        self.referenced_ids(&request, &mut excluded)?;
        let offset = request.offset.unwrap_or(0);
        let with_vector = request.with_vector.clone();
        let with_payload = request.with_payload.clone();
        let root = self.prefetch(request)?;
        Ok(EngineRequest {
            prefetches: root.prefetches,
            query: root.query,
            filter: without(root.filter, excluded),
            score_threshold: root.score_threshold,
            limit: root.limit,
            offset,
            params: root.params,
            with_vector: with_vector.unwrap_or(WithVector::Bool(false)),
            with_payload: with_payload.unwrap_or(WithPayloadInterface::Bool(false)),
        })
    }

    fn prefetch(&self, request: QueryRequest) -> EngineResult<Prefetch> {
        check(&request)?;
        let limit = request.limit.unwrap_or(DEFAULT_LIMIT);
        let using = request.using.unwrap_or_default();
        let lookup = Lookup { scope: self, from: request.lookup_from.as_ref(), using: &using };
        let query = match request.query {
            None => None,
            Some(QueryInterface::Nearest(input)) => Some(lookup.nearest(input)?),
            Some(QueryInterface::Query(query)) => Some(lookup.scoring(query, limit)?),
        };
        Ok(Prefetch {
            prefetches: request.prefetch.into_iter().map(|inner| self.prefetch(inner)).collect::<EngineResult<_>>()?,
            query,
            limit,
            params: request.params,
            filter: request.filter,
            score_threshold: request.score_threshold.map(OrderedFloat),
        })
    }

    /// Ids that serve as examples are not results, unless they come from elsewhere.
    fn referenced_ids(&self, request: &QueryRequest, into: &mut HashSet<PointId>) -> EngineResult<()> {
        let elsewhere = match &request.lookup_from {
            None => false,
            Some(lookup) => self.store.resolve(&lookup.collection).is_none_or(|name| name != self.collection.name()),
        };
        if !elsewhere {
            into.extend(examples(request));
        }
        for inner in &request.prefetch {
            self.referenced_ids(inner, into)?;
        }
        Ok(())
    }
}

fn check(request: &QueryRequest) -> EngineResult<()> {
    if request.limit == Some(0) {
        return Err(at_least("limit", 1));
    }
    let query = match &request.query {
        None => None,
        Some(QueryInterface::Nearest(_)) => return Ok(()),
        Some(QueryInterface::Query(query)) => Some(query),
    };
    let why = if !request.prefetch.is_empty() && query.is_none() {
        "A query is needed to merge the prefetches. Can't have prefetches without defining a query."
    } else if request.score_threshold.is_some() && query.is_none() {
        "A query is needed to use the score_threshold. Can't have score_threshold without defining a query."
    } else if request.score_threshold.is_some() && matches!(query, Some(Query::OrderBy { .. })) {
        "Can't use score_threshold with an order_by query."
    } else if request.using.as_deref().is_some_and(|using| !using.is_empty())
        && matches!(query, Some(Query::Fusion { .. } | Query::Rrf { .. }))
    {
        "Fusion queries cannot be combined with the 'using' field."
    } else {
        return Ok(());
    };
    Err(EngineError::bad_request(why))
}

fn without(filter: Option<Filter>, ids: HashSet<PointId>) -> Option<Filter> {
    if ids.is_empty() {
        return filter;
    }
    let mut filter = filter.unwrap_or_default();
    filter.must_not.get_or_insert_default().push(Condition::HasId(ids.into_iter().collect::<HasIdCondition>()));
    Some(filter)
}

/// The ids one query level uses as vectors.
pub(super) fn examples(request: &QueryRequest) -> Vec<PointId> {
    let inputs: Vec<&VectorInput> = match &request.query {
        None => Vec::new(),
        Some(QueryInterface::Nearest(input)) => vec![input],
        Some(QueryInterface::Query(query)) => inputs_of(query),
    };
    inputs
        .into_iter()
        .filter_map(|input| match input {
            VectorInput::Id(id) => Some(*id),
            VectorInput::Vector(_) => None,
        })
        .collect()
}

fn inputs_of(query: &Query) -> Vec<&VectorInput> {
    match query {
        Query::Nearest { nearest, .. } => vec![nearest],
        Query::Recommend { recommend } => [&recommend.positive, &recommend.negative].into_iter().flatten().flatten().collect(),
        Query::Discover { discover } => std::iter::once(&discover.target).chain(sides(&discover.context)).collect(),
        Query::Context { context } => sides(context).collect(),
        Query::RelevanceFeedback { relevance_feedback } => {
            std::iter::once(&relevance_feedback.target).chain(relevance_feedback.feedback.iter().map(|item| &item.example)).collect()
        }
        Query::OrderBy { .. } | Query::Fusion { .. } | Query::Rrf { .. } | Query::Formula { .. } | Query::Sample { .. } => Vec::new(),
    }
}

fn sides(pairs: &[ContextPair]) -> impl Iterator<Item = &VectorInput> {
    pairs.iter().flat_map(|pair| [&pair.positive, &pair.negative])
}

impl Lookup<'_> {
    fn scoring(&self, query: Query, limit: usize) -> EngineResult<ScoringQuery> {
        Ok(match query {
            Query::Nearest { nearest, mmr: None } => self.nearest(nearest)?,
            Query::Nearest { nearest, mmr: Some(mmr) } => self.mmr(nearest, &mmr, limit)?,
            Query::Recommend { recommend } => self.recommend(recommend)?,
            Query::Discover { discover } => {
                let target = self.vector(discover.target)?;
                let pairs = self.pairs(discover.context)?;
                ScoringQuery::Vector(QueryEnum::Discover(self.named(DiscoverQuery { target, pairs })))
            }
            Query::Context { context } => {
                let pairs = self.pairs(context)?;
                ScoringQuery::Vector(QueryEnum::Context(self.named(ContextQuery { pairs })))
            }
            Query::RelevanceFeedback { relevance_feedback } => self.feedback(relevance_feedback)?,
            Query::OrderBy { order_by } => ScoringQuery::OrderBy(order_by.into()),
            Query::Fusion { fusion: Fusion::Dbsf } => ScoringQuery::Fusion(EngineFusion::Dbsf),
            Query::Fusion { fusion: Fusion::Rrf } => fusion_by_rank(Rrf::default())?,
            Query::Rrf { rrf } => fusion_by_rank(rrf)?,
            Query::Sample { .. } => ScoringQuery::Sample(EngineSample::Random),
            Query::Formula { formula, defaults } => {
                let formula = Formula { formula: (*formula).into(), defaults };
                ScoringQuery::Formula(formula.try_into()?)
            }
        })
    }

    fn named<T>(&self, query: T) -> NamedQuery<T> {
        NamedQuery { query, using: Some(self.using.to_owned()) }
    }

    fn nearest(&self, input: VectorInput) -> EngineResult<ScoringQuery> {
        let vector = self.vector(input)?;
        Ok(ScoringQuery::Vector(QueryEnum::Nearest(self.named(vector))))
    }

    fn mmr(&self, input: VectorInput, mmr: &Mmr, limit: usize) -> EngineResult<ScoringQuery> {
        let diversity = mmr.diversity.unwrap_or(DEFAULT_DIVERSITY);
        if !(0.0..=1.0).contains(&diversity) {
            return Err(EngineError::validation(
                "JSON body",
                "query.mmr.diversity",
                format_args!("value {diversity} invalid, must be from 0.0 to 1.0"),
            ));
        }
        Ok(ScoringQuery::Mmr(EngineMmr {
            vector: self.vector(input)?,
            using: self.using.to_owned(),
            lambda: OrderedFloat(1.0 - diversity),
            candidates_limit: mmr.candidates_limit.unwrap_or(limit),
        }))
    }

    fn recommend(&self, input: RecommendInput) -> EngineResult<ScoringQuery> {
        let resolve = |inputs: Option<Vec<VectorInput>>| -> EngineResult<Vec<VectorInternal>> {
            // Examples that are gone do not count, as in 1.18.
            inputs.into_iter().flatten().filter_map(|input| self.find(input).transpose()).collect()
        };
        let query = recommend::query(input.strategy.unwrap_or_default(), resolve(input.positive)?, resolve(input.negative)?, self.using)?;
        Ok(ScoringQuery::Vector(query))
    }

    fn feedback(&self, input: RelevanceFeedback) -> EngineResult<ScoringQuery> {
        let FeedbackStrategy::Naive { a, b, c } = input.strategy;
        let feedback = input
            .feedback
            .into_iter()
            .map(|item| Ok(FeedbackItem { vector: self.vector(item.example)?, score: OrderedFloat(item.score) }))
            .collect::<EngineResult<_>>()?;
        Ok(ScoringQuery::Vector(QueryEnum::FeedbackNaive(self.named(FeedbackNaiveQuery {
            target: self.vector(input.target)?,
            feedback,
            coefficients: NaiveFeedbackStrategy { a: OrderedFloat(a), b: OrderedFloat(b), c: OrderedFloat(c) },
        }))))
    }

    fn pairs(&self, pairs: Vec<ContextPair>) -> EngineResult<Vec<EngineContextPair<VectorInternal>>> {
        pairs
            .into_iter()
            .map(|pair| Ok(EngineContextPair { positive: self.vector(pair.positive)?, negative: self.vector(pair.negative)? }))
            .collect()
    }

    fn vector(&self, input: VectorInput) -> EngineResult<VectorInternal> {
        let name = self.vector_name().to_owned();
        self.find(input)?.ok_or_else(|| EngineError::not_found(format_args!("Vector with name {name:?} for point not found")))
    }

    fn vector_name(&self) -> &str {
        let from = self.from.and_then(|from| from.vector.as_deref());
        from.unwrap_or(self.using)
    }

    fn find(&self, input: VectorInput) -> EngineResult<Option<VectorInternal>> {
        let id = match input {
            VectorInput::Vector(value) => return value.into_query().map(Some),
            VectorInput::Id(id) => id,
        };
        match self.from {
            None => recommend::stored_vector(self.scope.collection, id, self.vector_name()),
            Some(from) => {
                let collection = self.scope.store.collection(&from.collection)?;
                recommend::stored_vector(&collection, id, self.vector_name())
            }
        }
    }
}

fn fusion_by_rank(rrf: Rrf) -> EngineResult<ScoringQuery> {
    if rrf.k == Some(0) {
        return Err(at_least("query.rrf.k", 1));
    }
    Ok(ScoringQuery::Fusion(EngineFusion::Rrf {
        k: rrf.k.unwrap_or(DEFAULT_RRF_K),
        weights: rrf.weights.map(|weights| weights.into_iter().map(OrderedFloat).collect()),
    }))
}
