//! All that is shown of a comparison: in numbers, and the worst in full.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Counters, Failure, Regression, Report, Summary};

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShadowReport")]
pub struct Findings {
    #[serde(flatten)]
    pub report: Report,
    pub counters: Counters,
    pub last_failure: Option<Failure>,
    /// The worst first.
    pub worst: Vec<Regression>,
}

impl From<Summary> for Findings {
    fn from(found: Summary) -> Self {
        let worst = found.worst.as_slice().to_vec();
        Self { report: found.report(), counters: found.counters, last_failure: found.last_failure, worst }
    }
}
