//! The request for a capture, and its validation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Period;
use crate::routing::{SpecFault, check_name};

/// Hashes of so many questions are kept to know them again.
const MAX_COUNT: usize = 100_000;
const MAX_DURATION: Period = Period::from_secs(86_400);

/// A share of an alias's searches, to be recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureSpec {
    /// The alias whose searches are recorded.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub alias: String,
    /// How many of the searches are drawn, above 0 and at most 100 percent.
    #[serde(default = "a_tenth")]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub percentage: f64,
    /// How many different queries are wanted, from 1 to 100000.
    #[serde(default = "a_thousand")]
    #[schemars(range(min = 1, max = 100_000))]
    pub count: usize,
    /// When the capture ends at the latest, above 0 and at most 24 hours.
    #[serde(default = "ten_minutes")]
    pub max_duration: Period,
    /// Why, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl CaptureSpec {
    /// Every fault, with its field.
    #[must_use]
    pub fn check(&self) -> Vec<SpecFault> {
        let mut faults = Vec::new();
        faults.extend(check_name(&self.alias, "alias"));
        if !(self.percentage > 0.0 && self.percentage <= 100.0) {
            faults.push(SpecFault::new("percentage", format!("must be above 0 and at most 100, not {}", self.percentage)));
        }
        if !(1..=MAX_COUNT).contains(&self.count) {
            faults.push(SpecFault::new("count", format!("must be from 1 to {MAX_COUNT}, not {}", self.count)));
        }
        if self.max_duration.is_zero() || self.max_duration > MAX_DURATION {
            let reason = format!("must be above zero and at most {MAX_DURATION}, not {}", self.max_duration);
            faults.push(SpecFault::new("max_duration", reason));
        }
        faults
    }
}

const fn a_tenth() -> f64 {
    10.0
}

const fn a_thousand() -> usize {
    1_000
}

const fn ten_minutes() -> Period {
    Period::from_secs(600)
}
