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
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub query: QuerySource,
    /// Which vector; `None` is the unnamed one. A whole body says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Value>,
    /// A whole body says so itself.
    #[serde(default = "ten")]
    pub limit: u64,
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

/// What an answer must be like. Where neither results nor scores are spoken of, the [usual](Usual) is asked: an answer without
/// results is no pass (I7).
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectations {
    /// None: the usual; 0: none are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_results: Option<usize>,
    /// The best score is at least this good: at least as high, or with a distance such as Euclid at most as high.
    #[serde(skip_serializing_if = "TopScore::is_usual")]
    #[schemars(with = "Option<f64>")]
    pub top_score: TopScore,
    /// In the answer, at any place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_ids: Vec<PointId>,
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
