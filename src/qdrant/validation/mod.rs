//! Queries a new collection has to answer well before it gets traffic.
//!
//! Called by `control` between readiness and switch. What a query is and when it passes is data; asking is one file, judging
//! another and pure. Nothing passes silently: a text without an embedder is refused, and no queries at all is "not
//! validated" and not "passed" (I7).

mod ask;
mod embedder;
mod judge;
#[cfg(test)]
mod tests;
mod usual;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::points::PointId;

pub use embedder::{EmbedFailed, Embedder, EmbedderSettings};
pub use judge::{Answer, FailedExpectation, Hit};
pub use usual::{TopScore, Usual};

/// One query with what is expected of its answer.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationQuery {
    /// A name for reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is searched for.
    pub query: QuerySource,
    /// The named vector that is searched. Default: the unnamed one. Not for `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// A filter of Qdrant's. Not for `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Value>,
    /// How many hits are asked for. Not for `body`.
    #[serde(default = "ten")]
    pub limit: u64,
    /// What the answer must be like.
    #[serde(default)]
    pub expect: Expectations,
}

fn ten() -> u64 {
    10
}

/// What is looked for.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuerySource {
    /// Numbers, rows of numbers, or `{indices, values}`.
    Vector(Value),
    /// What is near this point.
    Point(PointId),
    /// Embedded first.
    Text(String),
    /// A body for Qdrant's query call, sent as it is.
    Body(Value),
}

/// What an answer must be like. Where nothing is said of results and scores, the usual is demanded: an answer without results never
/// passes.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectations {
    /// How many hits there must be. Default: 5, or fewer where the query asks for fewer; 0 asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_results: Option<usize>,
    /// The bound of the best score: a least score, or a greatest distance. Default for cosine: 0.7. Null asks for none.
    #[serde(skip_serializing_if = "TopScore::is_usual")]
    #[schemars(with = "Option<f64>")]
    pub top_score: TopScore,
    /// Ids that must be among the hits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_ids: Vec<PointId>,
    /// The longest time of the answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_latency_ms: Option<f64>,
}

/// What became of one query.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
pub struct QueryResult {
    pub name: String,
    pub passed: bool,
    /// One for each expectation that was not met, or the reason there was no answer.
    pub failures: Vec<FailedExpectation>,
    pub results: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_score: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ValidationOutcome")]
pub enum Validated {
    Passed,
    Failed,
    /// There was nothing to ask.
    NotValidated,
}

/// What became of all.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
pub struct Validation {
    pub outcome: Validated,
    pub results: Vec<QueryResult>,
}

impl Validation {
    #[must_use]
    pub fn of(results: Vec<QueryResult>) -> Self {
        let outcome = match results.as_slice() {
            [] => Validated::NotValidated,
            results if results.iter().all(|result| result.passed) => Validated::Passed,
            _ => Validated::Failed,
        };
        Self { outcome, results }
    }
}

impl ValidationQuery {
    /// The given name, or the query's place in the list.
    fn label(&self, place: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("query {place}"))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
