//! The queries whose answers changed most, with both lists, for people to look at. A number says that something changed; only
//! the lists say whether for the worse.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many are kept.
pub const MAX_WORST: usize = 20;
/// A larger payload, as JSON, is left out.
pub const MAX_PAYLOAD_BYTES: usize = 2048;

/// One hit as people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ListedHit")]
pub struct Listed {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Where the comparison was asked for it, the question asked for it too, and it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

/// One query whose answers differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// A hash of the question, in hexadecimal: one that comes again and again is kept once.
    pub query: String,
    pub operation: String,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// Which query of a batch.
    pub index: usize,
    /// In millionths, as all that is compared and stored.
    pub rbo_millionths: u32,
    pub overlap_millionths: u32,
    pub reference: Vec<Listed>,
    pub candidate: Vec<Listed>,
}

impl Regression {
    /// The worst first; of equals the older first, and always the same order, however the parts were merged.
    fn order(&self, other: &Self) -> Ordering {
        let key = |of: &Self| (of.rbo_millionths, of.overlap_millionths, of.at_ms, of.index);
        key(self).cmp(&key(other)).then_with(|| self.query.cmp(&other.query))
    }
}

/// The worst of them, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Worst(Vec<Regression>);

impl Worst {
    /// Whether a query with this likeness would be kept, so that nothing needs to be written out for the others.
    #[must_use]
    pub fn admits(&self, rbo_millionths: u32) -> bool {
        rbo_millionths < 1_000_000 && (self.0.len() < MAX_WORST || self.0.last().is_some_and(|last| rbo_millionths <= last.rbo_millionths))
    }

    pub fn keep(&mut self, regression: Regression) {
        if regression.rbo_millionths >= 1_000_000 {
            return;
        }
        match self.0.iter().position(|known| known.query == regression.query && known.index == regression.index) {
            Some(known) if self.0[known].order(&regression).is_le() => return,
            Some(known) => self.0[known] = regression,
            None => self.0.push(regression),
        }
        self.0.sort_by(Regression::order);
        self.0.truncate(MAX_WORST);
    }

    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|regression| self.keep(regression.clone()));
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Regression] {
        &self.0
    }
}
