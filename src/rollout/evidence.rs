//! What a canary is told at each tick.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loss::Counted;
use super::{BasisFault, Evaluation};

/// What is known at one moment. Gathered by `control`, never stored as such.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Every live replica routes by the share that was set last.
    pub applied: bool,
    /// Why nothing may be promoted now, by a rule outside the plan.
    pub frozen: Option<String>,
    /// What the canary [rests on](super::Canary::basis) is there, or what is not.
    pub basis: Result<(), BasisFault>,
    /// What was seen in the current window, or why that is not known. Of a window nothing was seen in, zeros; before the
    /// first stage too.
    pub measured: Result<Measurement, String>,
    /// How much was written to which collection; means nothing where `measured` is not known.
    pub counted: Counted,
    /// Why these counts may be older than this look. Guards are heard all the same, and nothing is promoted.
    pub uncounted: Option<String>,
}

/// The numbers and verdicts of one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// The window they belong to, by its number; those of another window are not heard.
    pub window: u64,
    pub canary: CohortNumbers,
    pub control: CohortNumbers,
    pub evaluations: Vec<Evaluation>,
    /// Of a window in which reads were mirrored; then the cohorts are empty, and the evaluations are of the plan's limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<ComparisonNumbers>,
}

/// What a comparison has come to in one window. Rates and overlaps are fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonNumbers {
    /// Answers that were compared with each other.
    pub compared: u64,
    /// What was to be mirrored and was not: the shadow was behind.
    pub dropped: u64,
    pub overlap: Option<f64>,
    /// The overlap of stable with itself.
    pub noise_overlap: Option<f64>,
    /// How much overlap is lost beyond that.
    pub excess: Option<f64>,
    pub emptied_rate: Option<f64>,
    pub error_rate: Option<f64>,
    pub latency_ratio: Option<f64>,
}

/// What one cohort did in one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CohortNumbers {
    /// Answers and failures; what was refused with a 4xx is not among them.
    pub requests: u64,
    pub units: u64,
    pub error_rate: Option<f64>,
    /// Requests that were refused with a 4xx, whosever fault.
    #[serde(default)]
    pub client_errors: u64,
    /// The share of what was asked that was refused with a 4xx and that stable was not asked about.
    #[serde(default)]
    pub client_error_rate: Option<f64>,
    /// The statuses of what was refused, such as `401 or 403`.
    #[serde(default)]
    pub client_error_statuses: Option<String>,
    pub avg_latency_ms: Option<f64>,
    pub latency_p50_ms: Option<f64>,
    pub latency_p95_ms: Option<f64>,
    pub latency_p99_ms: Option<f64>,
    /// Of answers that were looked at, as the two below: the share of lists of hits that are empty.
    #[serde(default)]
    pub empty_rate: Option<f64>,
    #[serde(default)]
    pub avg_results: Option<f64>,
    #[serde(default)]
    pub avg_top_score: Option<f64>,
}

impl Measurement {
    /// Without the numbers JSON cannot hold.
    pub(super) fn keepable(self) -> Self {
        Self {
            canary: self.canary.keepable(),
            control: self.control.keepable(),
            evaluations: self.evaluations.into_iter().map(Evaluation::keepable).collect(),
            comparison: self.comparison.map(ComparisonNumbers::keepable),
            ..self
        }
    }
}

fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

impl ComparisonNumbers {
    fn keepable(self) -> Self {
        Self {
            overlap: finite(self.overlap),
            noise_overlap: finite(self.noise_overlap),
            excess: finite(self.excess),
            emptied_rate: finite(self.emptied_rate),
            error_rate: finite(self.error_rate),
            latency_ratio: finite(self.latency_ratio),
            ..self
        }
    }
}

impl CohortNumbers {
    fn keepable(self) -> Self {
        Self {
            error_rate: finite(self.error_rate),
            client_error_rate: finite(self.client_error_rate),
            avg_latency_ms: finite(self.avg_latency_ms),
            latency_p50_ms: finite(self.latency_p50_ms),
            latency_p95_ms: finite(self.latency_p95_ms),
            latency_p99_ms: finite(self.latency_p99_ms),
            empty_rate: finite(self.empty_rate),
            avg_results: finite(self.avg_results),
            avg_top_score: finite(self.avg_top_score),
            ..self
        }
    }
}
