//! Whether one collection can stand in for another: every difference, and which of them break requests.
//!
//! Pure. Called by `control` before an alias moves and by the clone, which compares what it made with what it was to make.
//! A difference is *blocking* when a request that was right for the old collection fails on the new one, or is answered
//! with scores that mean something else; everything else is *informative*: it costs or saves, and no request breaks.

mod compare;
mod fields;
#[cfg(test)]
mod tests;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema::Schema;
use compare::Comparison;

/// All differences of two schemas, by path.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Compatibility {
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
pub struct Difference {
    /// Where, such as `params.vectors.text.size`.
    pub path: String,
    /// `null` where there is none.
    pub old: Value,
    /// `null` where there is none.
    pub new: Value,
    pub severity: Severity,
    /// What it means, in one sentence.
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Blocking,
    Informative,
}

impl Compatibility {
    /// Compares the collection requests were written for with the one that is to answer them.
    #[must_use]
    pub fn of(old: &Schema, new: &Schema) -> Self {
        let mut comparison = Comparison::default();
        comparison.schemas(old, new);
        let mut differences = comparison.finish();
        differences.sort_by(|a, b| (a.severity, &a.path).cmp(&(b.severity, &b.path)));
        Self { differences }
    }

    /// Nothing blocks.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        self.blocking().next().is_none()
    }

    pub fn blocking(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.severity == Severity::Blocking)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
