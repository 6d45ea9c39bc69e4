//! The request for a shadow comparison, and its validation.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Period;
use crate::rollout::plan::{MAX_PERIOD, check_sampling};
use crate::routing::{STABLE, ShadowBy, SpecFault, check_name};

/// Reads of an alias, mirrored to a collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowSpec {
    /// The alias whose reads are mirrored.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub alias: String,
    /// The collection that is asked as well and compared.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub collection: String,
    /// The upstream the collection lives on; default: the one that holds the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The variant whose reads are mirrored.
    #[serde(default = "stable")]
    #[schemars(length(min = 1))]
    pub from: String,
    /// How many of the reads are mirrored, above 0 and at most 100 percent.
    #[serde(default = "everything")]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub percentage: f64,
    /// Whether units or requests are drawn.
    #[serde(default)]
    pub by: ShadowBy,
    /// How many hits of an answer are compared, from 1 to 100.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 100))]
    pub depth: usize,
    /// How many of the mirrored reads are sent to the variant itself a second time, from 0 to 100 percent, to learn how far it differs
    /// from itself.
    #[serde(default = "a_tenth")]
    #[schemars(range(min = 0, max = 100))]
    pub noise_percentage: f64,
    /// Whether the worst answers are kept with the payloads of their hits.
    #[serde(default)]
    pub payloads: bool,
    /// Whether both collections' vectors are of one model, so that their scores mean the same. That their vectors are
    /// compatible is all that can be known without being told; then it is taken for granted.
    #[serde(default = "yes")]
    pub same_space: bool,
    /// Why, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the comparison stops by itself, above 0 and at most 366 days.
    #[serde(default = "one_day")]
    pub max_duration: Period,
}

impl ShadowSpec {
    /// Every fault, with its field; none when it can be run. `upstreams` are the configured names.
    #[must_use]
    pub fn check(&self, upstreams: &HashSet<&str>) -> Vec<SpecFault> {
        let mut faults = Vec::new();
        faults.extend(check_name(&self.alias, "alias"));
        faults.extend(check_name(&self.collection, "collection"));
        if self.from.is_empty() {
            faults.push(SpecFault::new("from", format!("is empty; leave it out for `{STABLE}`")));
        }
        if let Some(upstream) = self.upstream.as_deref().filter(|name| !upstreams.contains(name)) {
            faults.push(SpecFault::new("upstream", format!("`{upstream}` is not configured")));
        }
        check_sampling("", self.percentage, self.noise_percentage, self.depth, &mut faults);
        if self.max_duration.is_zero() || self.max_duration > MAX_PERIOD {
            let reason = format!("must be above zero and at most {MAX_PERIOD}, not {}", self.max_duration);
            faults.push(SpecFault::new("max_duration", reason));
        }
        faults
    }
}

fn stable() -> String {
    STABLE.to_owned()
}

const fn everything() -> f64 {
    100.0
}

const fn ten() -> usize {
    10
}

const fn a_tenth() -> f64 {
    10.0
}

const fn yes() -> bool {
    true
}

const fn one_day() -> Period {
    Period::from_secs(86_400)
}
