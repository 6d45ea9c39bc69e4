//! Guards: what a canary must not do to those it serves.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query;
use crate::routing::SpecFault;

const MAX_NAME: usize = 64;

/// What a failing verdict leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GuardLevel")]
pub enum Level {
    /// The canary goes back to stable at once.
    #[default]
    Guard,
    /// The canary pauses until an operator resumes it.
    Signal,
    /// Nothing: its verdicts are only shown.
    DryRun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    P50,
    P95,
    P99,
    Mean,
}

/// One rule, and how seriously it is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Guard {
    /// The name in verdicts, unique in its list. Default: the kind, for a latency with its statistic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// What a failing verdict leads to.
    #[serde(default)]
    pub level: Level,
    #[serde(flatten)]
    pub rule: Rule,
}

/// What is measured and what is tolerated. `margin`s are what the canary may be worse than the control by: more than that fails,
/// less passes. Without one the two are not compared. A margin of zero can fail but hardly ever pass, since nothing proves two
/// things equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "GuardRule")]
pub enum Rule {
    /// The share of requests that failed.
    ErrorRate {
        /// The largest fraction that may fail, from 0 to 1.
        #[schemars(range(min = 0, max = 1))]
        max: f64,
        /// By how much the fraction may be above that of the control, from 0 to 1. Without it the two are not compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0, max = 1))]
        margin: Option<f64>,
    },
    /// Requests that were refused with a 4xx, which may be the client's fault or the collection's.
    ClientErrors {
        /// By how much the share of units with such a request may be above that of stable at the same time.
        #[serde(default = "two_points")]
        #[schemars(range(min = 0, max = 1))]
        margin: f64,
        /// By how much the share of such requests may be above what was usual before, where everything is on the canary and there
        /// is nothing to compare with.
        #[serde(default = "a_fifth")]
        #[schemars(range(min = 0, max = 1))]
        max_increase: f64,
    },
    /// How long answers take.
    Latency {
        statistic: Statistic,
        /// The largest value, in milliseconds, above 0.
        #[schemars(extend("exclusiveMinimum" = 0))]
        max_ms: f64,
        /// By how much the value may be above that of the control, as a fraction of it. Without it the two are not compared.
        #[schemars(range(min = 0))]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relative_margin: Option<f64>,
    },
    /// The share of answers without a hit.
    EmptyResults {
        /// The largest fraction, from 0 to 1.
        #[schemars(range(min = 0, max = 1))]
        max: f64,
        /// By how much the fraction may be above that of the control, from 0 to 1. Without it the two are not compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0, max = 1))]
        margin: Option<f64>,
    },
    /// The mean score of the best hit.
    TopScore {
        /// The least mean score.
        min: f64,
        /// By how much the mean may be below that of the control. Without it the two are not compared.
        #[schemars(range(min = 0))]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        margin: Option<f64>,
    },
    /// The value of a PromQL query, in which `{{alias}}` and `{{collection}}` are filled in; at least one of the limits.
    Prometheus {
        /// The query, whose answer is one number.
        #[schemars(regex(pattern = r"\S"))]
        query: String,
        /// The largest value. Either this or `min` is required.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
        /// The least value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// How many looks in a row must find it out of bounds before it fails. One value may be an accident, and has no
        /// statistics of its own.
        #[serde(default = "two")]
        #[schemars(range(min = 1, max = 1000))]
        looks: u32,
    },
}

const MAX_LOOKS: u32 = 1_000;

const fn two() -> u32 {
    2
}

const fn two_points() -> f64 {
    0.02
}

const fn a_fifth() -> f64 {
    0.2
}

impl Guard {
    /// A guard under its default name that rolls back.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        Self { name: None, level: Level::Guard, rule }
    }

    /// Features 53 with the statistic named, and compared with the concurrent control.
    pub(in crate::rollout) fn defaults() -> Vec<Self> {
        vec![
            Self::new(Rule::ErrorRate { max: 0.05, margin: Some(0.01) }),
            Self::new(Rule::ClientErrors { margin: two_points(), max_increase: a_fifth() }),
            Self::new(Rule::Latency { statistic: Statistic::P95, max_ms: 200.0, relative_margin: Some(0.25) }),
        ]
    }

    /// By which verdicts refer to it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.rule.name())
    }

    /// Pushes every fault of a list of guards that stands at `at`.
    pub(in crate::rollout) fn check_all(guards: &[Self], at: &str, faults: &mut Vec<SpecFault>) {
        let mut seen = HashSet::new();
        for (index, guard) in guards.iter().enumerate() {
            let at = format!("{at}[{index}]");
            if !seen.insert(guard.name()) {
                faults.push(SpecFault::new(format!("{at}.name"), format!("`{}` appears twice; give the guards names", guard.name())));
            }
            if guard.name().is_empty() || guard.name().len() > MAX_NAME {
                faults.push(SpecFault::new(format!("{at}.name"), format!("must have 1 to {MAX_NAME} bytes")));
            }
            guard.rule.check(&at, faults);
        }
    }
}

impl Rule {
    /// Whether it is about what answers have in them.
    #[must_use]
    pub fn asks_for_answers(&self) -> bool {
        matches!(self, Self::EmptyResults { .. } | Self::TopScore { .. })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::ErrorRate { .. } => "error_rate",
            Self::ClientErrors { .. } => "client_errors",
            Self::Latency { statistic: Statistic::P50, .. } => "latency_p50",
            Self::Latency { statistic: Statistic::P95, .. } => "latency_p95",
            Self::Latency { statistic: Statistic::P99, .. } => "latency_p99",
            Self::Latency { statistic: Statistic::Mean, .. } => "latency_mean",
            Self::EmptyResults { .. } => "empty_results",
            Self::TopScore { .. } => "top_score",
            Self::Prometheus { .. } => "prometheus",
        }
    }

    fn check(&self, at: &str, faults: &mut Vec<SpecFault>) {
        let mut demand = |field: &str, holds: bool, demand: &str, found: f64| {
            if !holds {
                faults.push(SpecFault::new(format!("{at}.{field}"), format!("must be {demand}, not {found}")));
            }
        };
        let fraction = |value: f64| (0.0..=1.0).contains(&value);
        let tolerance = |value: &f64| value.is_finite() && *value >= 0.0;
        match self {
            Self::ErrorRate { max, margin } | Self::EmptyResults { max, margin } => {
                demand("max", fraction(*max), "a fraction from 0 to 1", *max);
                margin.iter().for_each(|margin| demand("margin", fraction(*margin), "a fraction from 0 to 1", *margin));
            }
            Self::ClientErrors { margin, max_increase } => {
                demand("margin", fraction(*margin), "a fraction from 0 to 1", *margin);
                demand("max_increase", fraction(*max_increase), "a fraction from 0 to 1", *max_increase);
            }
            Self::Latency { max_ms, relative_margin, .. } => {
                demand("max_ms", max_ms.is_finite() && *max_ms > 0.0, "a finite number above zero", *max_ms);
                if let Some(margin) = relative_margin {
                    demand("relative_margin", tolerance(margin), "a finite number, zero or above", *margin);
                }
            }
            Self::TopScore { min, margin } => {
                demand("min", min.is_finite(), "a finite number", *min);
                margin.iter().for_each(|margin| demand("margin", tolerance(margin), "a finite number, zero or above", *margin));
            }
            Self::Prometheus { query, max, min, looks } => {
                max.iter().for_each(|max| demand("max", max.is_finite(), "a finite number", *max));
                min.iter().for_each(|min| demand("min", min.is_finite(), "a finite number", *min));
                if query.trim().is_empty() {
                    faults.push(SpecFault::new(format!("{at}.query"), "is empty"));
                }
                if let Some(place) = query::unknown(query) {
                    let reason = format!("has no meaning for `{{{{{place}}}}}`; there are `{{{{alias}}}}` and `{{{{collection}}}}`");
                    faults.push(SpecFault::new(format!("{at}.query"), reason));
                }
                if !(1..=MAX_LOOKS).contains(looks) {
                    faults.push(SpecFault::new(format!("{at}.looks"), format!("must be 1 to {MAX_LOOKS}, not {looks}")));
                }
                if max.is_none() && min.is_none() {
                    faults.push(SpecFault::new(at, "needs `max` or `min`: without a limit it can neither pass nor fail"));
                }
            }
        }
    }
}
