//! Whether an answer is what was expected. Pure.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::usual::{TopScore, Usual};
use super::{Expectations, QueryResult, milliseconds};
use crate::protocol::points::PointId;
use crate::qdrant::ShardKey;
use crate::qdrant::schema::{Direction, Schema};

/// One found point.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Hit {
    pub id: PointId,
    pub score: f64,
    #[serde(default)]
    pub shard_key: Option<ShardKey>,
}

/// An answer of Qdrant's query call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub hits: Vec<Hit>,
    pub latency: Duration,
}

/// An expectation that was not met.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
pub struct FailedExpectation {
    /// The field, or `answer` when there was none.
    pub expectation: String,
    pub reason: String,
}

impl FailedExpectation {
    pub(super) fn new(expectation: &str, reason: String) -> Self {
        Self { expectation: expectation.to_owned(), reason }
    }
}

impl Expectations {
    /// Judges an answer, by what is `usual` where nothing is said.
    #[must_use]
    pub fn judge(&self, name: String, answer: &Answer, direction: Direction, usual: Usual) -> QueryResult {
        let Answer { hits, latency } = answer;
        let mut failures = Vec::new();
        let mut fail = |expectation, reason| failures.push(FailedExpectation::new(expectation, reason));
        let said = |said: bool| if said { "" } else { "; that is the default, `expect` may say otherwise" };
        let least = self.min_results.unwrap_or(usual.min_results);
        if hits.len() < least {
            fail("min_results", format!("{} results, at least {least} expected{}", hits.len(), said(self.min_results.is_some())));
        }
        let top = top_score(hits, direction);
        let bound = match self.top_score {
            TopScore::Usual => usual.top_score,
            TopScore::Off => None,
            TopScore::Bound(bound) => Some(bound),
        };
        // Without hits there is one reason, not two.
        if let Some(bound) = bound.filter(|_| !(hits.is_empty() && self.top_score.is_usual())) {
            // A score or a bound that is no number meets nothing.
            let (met, reason) = match (top, direction) {
                (None, _) => (false, "no result has a score".to_owned()),
                (Some(top), Direction::HigherIsBetter) => (top >= bound, format!("the top score is {top}, at least {bound} expected")),
                (Some(top), Direction::LowerIsBetter) => {
                    (top <= bound, format!("the smallest distance is {top}, at most {bound} expected"))
                }
            };
            if !met {
                fail("top_score", format!("{reason}{}", said(!self.top_score.is_usual())));
            }
        }
        let absent: Vec<String> =
            self.required_ids.iter().filter(|id| !hits.iter().any(|hit| hit.id == **id)).map(ToString::to_string).collect();
        if !absent.is_empty() {
            fail("required_ids", format!("not among the results: {}", absent.join(", ")));
        }
        let latency = milliseconds(*latency);
        if let Some(most) = self.max_latency_ms {
            let met = latency <= most;
            if !met {
                fail("max_latency_ms", format!("answered after {latency:.1} ms, at most {most} ms expected"));
            }
        }
        QueryResult { name, passed: failures.is_empty(), failures, results: hits.len(), top_score: top, latency_ms: Some(latency) }
    }
}

fn top_score(hits: &[Hit], direction: Direction) -> Option<f64> {
    let scores = hits.iter().map(|hit| hit.score);
    match direction {
        Direction::HigherIsBetter => scores.max_by(f64::total_cmp),
        Direction::LowerIsBetter => scores.min_by(f64::total_cmp),
    }
}

impl Schema {
    /// Which scores of a query body are better. Only a plain search by vector or point scores by the vector's distance; fusions,
    /// formulas and the like make scores of their own, of which higher is better.
    #[must_use]
    pub fn direction_of(&self, body: &Value) -> Direction {
        let using = body["using"].as_str().unwrap_or_default();
        if Self::is_by_distance(body) { self.direction(using).unwrap_or(Direction::HigherIsBetter) } else { Direction::HigherIsBetter }
    }
    /// A plain search by vector or point.
    pub(super) fn is_by_distance(body: &Value) -> bool {
        match &body["query"] {
            Value::Object(query) => ["nearest", "indices", "text", "image", "object"].iter().any(|kind| query.contains_key(*kind)),
            Value::Null => false,
            _ => true,
        }
    }
}
