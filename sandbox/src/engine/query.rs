//! Requests that read points, in the shape of Qdrant's JSON.
//!
//! The search, recommend and discover calls of older clients live in `legacy` and become these.

use std::collections::HashMap;

use qdrant_edge::{Condition, Filter, GeoPoint, JsonPath, OrderByInterface, PointId, SearchParams, WithPayloadInterface, WithVector};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::vectors::VectorValue;

/// `POST /collections/{name}/points/query`, and a prefetch inside one.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct QueryRequest {
    /// Queries whose results this one works on.
    #[serde(default, deserialize_with = "one_or_many")]
    pub prefetch: Vec<QueryRequest>,
    /// What to score by; nothing means by id.
    #[serde(default)]
    pub query: Option<QueryInterface>,
    /// Which vector.
    #[serde(default)]
    pub using: Option<String>,
    /// Which points.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// How to search.
    #[serde(default)]
    pub params: Option<SearchParams>,
    /// Worst score to return.
    #[serde(default)]
    pub score_threshold: Option<f32>,
    /// How many; 10 by default.
    #[serde(default)]
    pub limit: Option<usize>,
    /// How many to skip.
    #[serde(default)]
    pub offset: Option<usize>,
    /// Which vectors to return.
    #[serde(default, alias = "with_vectors")]
    pub with_vector: Option<WithVector>,
    /// Which payload to return.
    #[serde(default)]
    pub with_payload: Option<WithPayloadInterface>,
    /// Where ids are looked up.
    #[serde(default)]
    pub lookup_from: Option<LookupLocation>,
}

/// `POST /collections/{name}/points/query/groups`.
#[derive(Clone, Debug, Deserialize)]
pub struct GroupsRequest {
    /// What to search; its limit counts groups.
    #[serde(flatten)]
    pub query: QueryRequest,
    /// The payload field that makes a group.
    pub group_by: JsonPath,
    /// Most points a group; 3 by default.
    #[serde(default)]
    pub group_size: Option<usize>,
    /// A collection that holds one point a group.
    #[serde(default)]
    pub with_lookup: Option<WithLookup>,
}

/// A vector of another collection.
#[derive(Clone, Debug, Deserialize)]
pub struct LookupLocation {
    /// The collection.
    pub collection: String,
    /// The vector's name there.
    #[serde(default)]
    pub vector: Option<String>,
}

/// A point for each group, from another collection.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "WithLookupInterface")]
pub struct WithLookup {
    /// The collection.
    pub collection: String,
    /// Which payload to return.
    pub with_payload: Option<WithPayloadInterface>,
    /// Which vectors to return.
    pub with_vectors: Option<WithVector>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WithLookupInterface {
    Name(String),
    Full {
        collection: String,
        #[serde(default)]
        with_payload: Option<WithPayloadInterface>,
        #[serde(default, alias = "with_vector")]
        with_vectors: Option<WithVector>,
    },
}

impl From<WithLookupInterface> for WithLookup {
    fn from(form: WithLookupInterface) -> Self {
        match form {
            WithLookupInterface::Name(collection) => Self { collection, with_payload: None, with_vectors: None },
            WithLookupInterface::Full { collection, with_payload, with_vectors } => Self { collection, with_payload, with_vectors },
        }
    }
}

/// A vector, or the id of a point that has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum VectorInput {
    /// The id.
    Id(PointId),
    /// The vector.
    Vector(VectorValue),
}

/// A bare vector, or a kind of query.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "Expected some form of vector, id, or a type of query")]
pub enum QueryInterface {
    /// Nearest to this.
    Nearest(VectorInput),
    /// Something else.
    Query(Query),
}

/// The kinds of query.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Query {
    /// Nearest to a vector, maybe spread by diversity.
    Nearest {
        /// The vector.
        nearest: VectorInput,
        /// The spread.
        #[serde(default)]
        mmr: Option<Mmr>,
    },
    /// Like these and unlike those.
    Recommend {
        /// Which.
        recommend: RecommendInput,
    },
    /// Near a target, within a context.
    Discover {
        /// Which.
        discover: DiscoverInput,
    },
    /// Within a context.
    Context {
        /// Pairs.
        #[serde(deserialize_with = "one_or_many")]
        context: Vec<ContextPair>,
    },
    /// By a payload field.
    OrderBy {
        /// The field.
        order_by: OrderByInterface,
    },
    /// Several result lists merged.
    Fusion {
        /// How.
        fusion: Fusion,
    },
    /// Several result lists merged by rank, with parameters.
    Rrf {
        /// The parameters.
        rrf: Rrf,
    },
    /// Scores computed.
    Formula {
        /// How.
        formula: Box<Expression>,
        /// Values for missing fields.
        #[serde(default)]
        defaults: HashMap<String, Value>,
    },
    /// Some points.
    Sample {
        /// Which.
        sample: Sample,
    },
    /// Nearest, corrected by what a user said.
    RelevanceFeedback {
        /// What was said.
        relevance_feedback: RelevanceFeedback,
    },
}

/// Spread of results.
#[derive(Clone, Debug, Deserialize)]
pub struct Mmr {
    /// 0 relevance only, 1 diversity only; 0.5 by default.
    #[serde(default)]
    pub diversity: Option<f32>,
    /// Candidates to choose from.
    #[serde(default)]
    pub candidates_limit: Option<usize>,
}

/// Examples for a recommendation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RecommendInput {
    /// Like these.
    #[serde(default)]
    pub positive: Option<Vec<VectorInput>>,
    /// Unlike these.
    #[serde(default)]
    pub negative: Option<Vec<VectorInput>>,
    /// How examples become a score.
    #[serde(default)]
    pub strategy: Option<RecommendStrategy>,
}

/// How examples become a score.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum RecommendStrategy {
    /// One average vector.
    #[default]
    AverageVector,
    /// The best of the single scores.
    BestScore,
    /// The sum of the single scores.
    SumScores,
}

/// A target with its context.
#[derive(Clone, Debug, Deserialize)]
pub struct DiscoverInput {
    /// The target.
    pub target: VectorInput,
    /// Pairs.
    #[serde(default, deserialize_with = "one_or_many")]
    pub context: Vec<ContextPair>,
}

/// Towards one, away from the other.
#[derive(Clone, Debug, Deserialize)]
pub struct ContextPair {
    /// Towards.
    pub positive: VectorInput,
    /// Away from.
    pub negative: VectorInput,
}

/// How lists are merged.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fusion {
    /// By rank.
    Rrf,
    /// By distribution of scores.
    Dbsf,
}

/// Parameters of merging by rank.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Rrf {
    /// The constant; 2 by default.
    #[serde(default)]
    pub k: Option<usize>,
    /// A weight for each list.
    #[serde(default)]
    pub weights: Option<Vec<f32>>,
}

/// Which points a sample takes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// Any.
    Random,
}

/// A target with what was said about results.
#[derive(Clone, Debug, Deserialize)]
pub struct RelevanceFeedback {
    /// The target.
    pub target: VectorInput,
    /// Examples with marks.
    pub feedback: Vec<FeedbackItem>,
    /// How marks are used.
    pub strategy: FeedbackStrategy,
}

/// An example with its mark.
#[derive(Clone, Debug, Deserialize)]
pub struct FeedbackItem {
    /// The example.
    pub example: VectorInput,
    /// The mark.
    pub score: f32,
}

/// How marks are used.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackStrategy {
    /// By three constants.
    Naive {
        /// Weight of the query.
        a: f32,
        /// Power of the confidence.
        b: f32,
        /// Weight of the examples.
        c: f32,
    },
}

/// A term of a formula.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// A number.
    Constant(f32),
    /// A payload field, or `$score`.
    Variable(String),
    /// A term with a name.
    Term(Term),
    /// 1 where it holds, 0 elsewhere.
    Condition(Box<Condition>),
}

/// A term with a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Metres between a place and a field.
    GeoDistance {
        /// The place.
        origin: GeoPoint,
        /// The field.
        to: JsonPath,
    },
    /// A date.
    Datetime(String),
    /// A field with a date.
    DatetimeKey(JsonPath),
    /// Product.
    Mult(Vec<Expression>),
    /// Sum.
    Sum(Vec<Expression>),
    /// Negation.
    Neg(Box<Expression>),
    /// Absolute value.
    Abs(Box<Expression>),
    /// Quotient.
    Div {
        /// Dividend.
        left: Box<Expression>,
        /// Divisor.
        right: Box<Expression>,
        /// The result for a divisor of 0.
        #[serde(default)]
        by_zero_default: Option<f32>,
    },
    /// Square root.
    Sqrt(Box<Expression>),
    /// Power.
    Pow {
        /// Base.
        base: Box<Expression>,
        /// Exponent.
        exponent: Box<Expression>,
    },
    /// e to the power.
    Exp(Box<Expression>),
    /// Logarithm to 10.
    Log10(Box<Expression>),
    /// Logarithm to e.
    Ln(Box<Expression>),
    /// Falls in a line.
    LinDecay(Decay),
    /// Falls exponentially.
    ExpDecay(Decay),
    /// Falls like a bell.
    GaussDecay(Decay),
}

/// Parameters of a decay.
#[derive(Clone, Debug, Deserialize)]
pub struct Decay {
    /// What is measured.
    pub x: Box<Expression>,
    /// Where it is 1.
    #[serde(default)]
    pub target: Option<Box<Expression>>,
    /// How far the midpoint is.
    #[serde(default)]
    pub scale: Option<f32>,
    /// The value there.
    #[serde(default)]
    pub midpoint: Option<f32>,
}

/// `POST /collections/{name}/points/search/matrix/…`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct MatrixRequest {
    /// Which points.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// How many points to sample; 10 by default.
    #[serde(default)]
    pub sample: Option<usize>,
    /// How many neighbours a point; 3 by default.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Which vector.
    #[serde(default)]
    pub using: Option<String>,
}

/// Reads one thing or a list of them.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match Option::<OneOrMany<T>>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    })
}
