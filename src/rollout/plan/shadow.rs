//! The comparison before the first stage: reads are mirrored to the new collection, and no user is served by it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{MAX_PERIOD, legal_percentage};
use crate::config::Period;
use crate::routing::SpecFault;

/// How many hits of an answer may be compared.
pub(in crate::rollout) const DEPTHS: std::ops::RangeInclusive<usize> = 1..=100;

/// A canary's shadow comparison as an operator writes it. Other answers are no failure in themselves: for a new model they
/// are what is wanted. So likeness is demanded only where a limit says so, and service always.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowStage {
    /// How many of the reads that stable answers are mirrored, above 0 and at most 100 percent.
    #[serde(default = "everything")]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub percentage: f64,
    /// How long reads are mirrored, above 0.
    pub duration: Period,
    /// How many hits of an answer are compared, from 1 to 100.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 100))]
    pub depth: usize,
    /// How many of the mirrored reads are sent to stable a second time, from 0 to 100 percent, to learn how far stable differs from
    /// itself.
    #[serde(default = "a_tenth")]
    #[schemars(range(min = 0, max = 100))]
    pub noise_percentage: f64,
    /// How many comparisons are needed before the stage may pass.
    #[serde(default = "five_hundred")]
    #[schemars(range(min = 1))]
    pub minimum_comparisons: u64,
    /// The least mean overlap of the two lists of hits, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub minimum_overlap: Option<f64>,
    /// How much more overlap may be lost than stable loses against itself, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub maximum_excess: Option<f64>,
    /// The largest fraction of comparisons in which stable had hits and the new collection had none.
    #[serde(default = "one_percent")]
    #[schemars(range(min = 0, max = 1))]
    pub maximum_emptied_rate: f64,
    /// The largest fraction of mirrored reads that fail.
    #[serde(default = "five_percent")]
    #[schemars(range(min = 0, max = 1))]
    pub maximum_error_rate: f64,
    /// How many times as long as stable the new collection may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub maximum_latency_ratio: Option<f64>,
}

/// What must hold of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    Overlap { at_least: f64 },
    Excess { at_most: f64 },
    EmptiedRate { at_most: f64 },
    ErrorRate { at_most: f64 },
    LatencyRatio { at_most: f64 },
}

impl Limit {
    /// As verdicts call it: the field that says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlap { .. } => "minimum_overlap",
            Self::Excess { .. } => "maximum_excess",
            Self::EmptiedRate { .. } => "maximum_emptied_rate",
            Self::ErrorRate { .. } => "maximum_error_rate",
            Self::LatencyRatio { .. } => "maximum_latency_ratio",
        }
    }

    fn value(self) -> f64 {
        match self {
            Self::Overlap { at_least: limit }
            | Self::Excess { at_most: limit }
            | Self::EmptiedRate { at_most: limit }
            | Self::ErrorRate { at_most: limit }
            | Self::LatencyRatio { at_most: limit } => limit,
        }
    }
}

impl ShadowStage {
    /// A comparison of this length with every default.
    #[must_use]
    pub fn new(duration: Period) -> Self {
        Self {
            percentage: everything(),
            duration,
            depth: ten(),
            noise_percentage: a_tenth(),
            minimum_comparisons: five_hundred(),
            minimum_overlap: None,
            maximum_excess: None,
            maximum_emptied_rate: one_percent(),
            maximum_error_rate: five_percent(),
            maximum_latency_ratio: None,
        }
    }

    /// Those that are set, service before likeness: the first that is broken is the one that is told.
    pub fn limits(&self) -> impl Iterator<Item = Limit> {
        let service = [Limit::ErrorRate { at_most: self.maximum_error_rate }, Limit::EmptiedRate { at_most: self.maximum_emptied_rate }];
        let likeness = [
            self.minimum_overlap.map(|at_least| Limit::Overlap { at_least }),
            self.maximum_excess.map(|at_most| Limit::Excess { at_most }),
            self.maximum_latency_ratio.map(|at_most| Limit::LatencyRatio { at_most }),
        ];
        service.into_iter().chain(likeness.into_iter().flatten())
    }

    pub(super) fn check(&self, faults: &mut Vec<SpecFault>) {
        check_sampling("shadow.", self.percentage, self.noise_percentage, self.depth, faults);
        if self.duration.is_zero() || self.duration > MAX_PERIOD {
            faults.push(SpecFault::new("shadow.duration", format!("must be above zero and at most {MAX_PERIOD}, not {}", self.duration)));
        }
        if self.minimum_comparisons == 0 {
            faults.push(SpecFault::new("shadow.minimum_comparisons", "must be at least 1: no data is never a pass"));
        }
        for limit in self.limits() {
            let (value, ratio) = (limit.value(), matches!(limit, Limit::LatencyRatio { .. }));
            let legal = if ratio { value.is_finite() && value > 0.0 } else { (0.0..=1.0).contains(&value) };
            if !legal {
                let demand = if ratio { "a finite number above zero" } else { "a fraction from 0 to 1" };
                faults.push(SpecFault::new(format!("shadow.{}", limit.name()), format!("must be {demand}, not {value}")));
            }
        }
        if self.maximum_excess.is_some() && self.noise_percentage == 0.0 {
            faults.push(SpecFault::new("shadow.maximum_excess", "needs a noise floor: `noise_percentage` is 0"));
        }
    }
}

/// What every comparison has: how much is mirrored, how much of it twice, and how deep it goes.
pub(in crate::rollout) fn check_sampling(at: &str, percentage: f64, noise: f64, depth: usize, faults: &mut Vec<SpecFault>) {
    legal_percentage(Some(percentage), &format!("{at}percentage"), faults);
    if noise != 0.0 {
        legal_percentage(Some(noise), &format!("{at}noise_percentage"), faults);
    }
    if !DEPTHS.contains(&depth) {
        faults.push(SpecFault::new(format!("{at}depth"), format!("must be {} to {}, not {depth}", DEPTHS.start(), DEPTHS.end())));
    }
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

const fn five_hundred() -> u64 {
    500
}

const fn one_percent() -> f64 {
    0.01
}

const fn five_percent() -> f64 {
    0.05
}
