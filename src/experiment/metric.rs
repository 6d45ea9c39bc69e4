//! What is measured of each arm.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::routing::SpecFault;

/// What one value of a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// 0 or 1, such as a click.
    Binary,
    /// A whole number from zero up, such as items bought.
    Count,
    /// Any number, such as a rating.
    Continuous,
    /// A value by a denominator that is reported with it, such as clicks by results shown.
    Ratio,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    HigherIsBetter,
    LowerIsBetter,
}

/// What a metric is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MetricRole")]
pub enum Role {
    /// An experiment is made to improve it.
    Goal,
    /// It must not get worse.
    Guardrail,
    /// It is shown, and nothing follows from it.
    Info,
}

/// A metric that is reported by feedback, or another role for one that is measured anyway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricSpec {
    /// The name that feedback reports it under.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub name: String,
    /// What a value is. Required, except for the metrics that Pointsman measures by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MetricKind>,
    /// Whether more is better. Default `higher_is_better`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What follows from it.
    #[serde(default = "goal")]
    pub role: Role,
    /// Values below are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Values above are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Values beyond these are counted as these, so that one unit cannot decide an experiment. Chosen before the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winsorize: Option<[f64; 2]>,
    /// How much worse still counts as no worse: a fraction of the control's mean, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub non_inferiority_margin: Option<f64>,
    /// The smallest lift worth finding, in percent of the control's mean, above 0. The report gives the power for it. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub lift_percent: Option<f64>,
}

const fn goal() -> Role {
    Role::Goal
}

const MAX_NAME: usize = 64;

/// No value is further from zero, and no denominator nearer to it than its reciprocal: what is added up stays finite.
const MOST: f64 = 1e12;
/// No count is larger: what a test makes of counts takes longer the more there are.
const MOST_COUNTED: f64 = 1e9;

impl MetricSpec {
    pub(super) fn check(&self, at: &str, faults: &mut Vec<SpecFault>) {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.bytes().all(legal) {
            faults.push(SpecFault::new(format!("{at}.name"), format!("must be 1 to {MAX_NAME} of A-Z a-z 0-9 _ -")));
        }
        let asked = [("non_inferiority_margin", self.non_inferiority_margin), ("lift_percent", self.lift_percent)];
        for (field, _) in asked.into_iter().filter(|(_, asked)| asked.is_some_and(|asked| !(asked > 0.0 && asked.is_finite()))) {
            faults.push(SpecFault::new(format!("{at}.{field}"), "must be a finite number above zero"));
        }
        if let Some(metric) = Automatic::named(&self.name) {
            if self.non_inferiority_margin.is_some() && metric.direction().is_none() {
                let fault = format!("more of `{}` is neither better nor worse, so it cannot be worse by a margin", self.name);
                faults.push(SpecFault::new(format!("{at}.non_inferiority_margin"), fault));
            }
            let declared = [
                ("kind", self.kind.is_some()),
                ("direction", self.direction.is_some()),
                ("minimum", self.minimum.is_some()),
                ("maximum", self.maximum.is_some()),
                ("winsorize", self.winsorize.is_some()),
            ];
            for (field, _) in declared.into_iter().filter(|(_, said)| *said) {
                faults.push(SpecFault::new(
                    format!("{at}.{field}"),
                    format!("`{}` is measured by Pointsman; only its role, margin and lift can be chosen", self.name),
                ));
            }
            return;
        }
        if self.kind.is_none() {
            faults.push(SpecFault::new(format!("{at}.kind"), "is missing: binary, count, continuous or ratio"));
        }
        let bounds = [("minimum", self.minimum), ("maximum", self.maximum)];
        for (field, _) in bounds.into_iter().filter(|(_, bound)| bound.is_some_and(|bound| !bound.is_finite())) {
            faults.push(SpecFault::new(format!("{at}.{field}"), "must be a finite number"));
        }
        if self.minimum.zip(self.maximum).is_some_and(|(low, high)| low > high) {
            faults.push(SpecFault::new(format!("{at}.maximum"), "is below the minimum"));
        }
        if self.winsorize.is_some_and(|[low, high]| !(low.is_finite() && high.is_finite() && low < high)) {
            faults.push(SpecFault::new(format!("{at}.winsorize"), "must be two finite numbers, the lower one first"));
        }
        if self.winsorize.is_some() && self.kind == Some(MetricKind::Binary) {
            faults.push(SpecFault::new(format!("{at}.winsorize"), "is of no use for a binary metric: its values are 0 and 1"));
        }
    }

    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::HigherIsBetter)
    }

    /// A reported value and its denominator as they are counted, or why they are not.
    ///
    /// # Errors
    /// When the value is none of this metric.
    pub fn accept(&self, value: f64, denominator: Option<f64>) -> Result<(f64, f64), String> {
        if !value.is_finite() {
            return Err("the value is not a finite number".to_owned());
        }
        let most = if self.kind == Some(MetricKind::Count) { MOST_COUNTED } else { MOST };
        if value.abs() > most {
            return Err(format!("{value:e} is out of range: nothing beyond {most:e} is taken"));
        }
        let below = match (self.kind, denominator) {
            (Some(MetricKind::Ratio), Some(below)) if (1.0 / MOST..=MOST).contains(&below) => below,
            (Some(MetricKind::Ratio), _) => {
                return Err(format!("`{}` is a ratio and needs a denominator from {:e} to {MOST:e}", self.name, 1.0 / MOST));
            }
            (_, Some(_)) => return Err(format!("`{}` is no ratio and takes no denominator", self.name)),
            (_, None) => 1.0,
        };
        match self.kind {
            Some(MetricKind::Binary) if value != 0.0 && value != 1.0 => {
                return Err(format!("`{}` is binary: 0 or 1, not {value}", self.name));
            }
            Some(MetricKind::Count) if value < 0.0 || value.fract() != 0.0 => {
                return Err(format!("`{}` is a count: a whole number from zero up, not {value}", self.name));
            }
            _ => {}
        }
        if let Some(minimum) = self.minimum.filter(|minimum| value < *minimum) {
            return Err(format!("{value} is below the minimum of `{}`, {minimum}", self.name));
        }
        if let Some(maximum) = self.maximum.filter(|maximum| value > *maximum) {
            return Err(format!("{value} is above the maximum of `{}`, {maximum}", self.name));
        }
        Ok((self.winsorize.map_or(value, |[low, high]| value.clamp(low, high)), below))
    }
}

/// What Pointsman measures of every arm without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Automatic {
    LatencyMs,
    LatencyP50Ms,
    LatencyP95Ms,
    LatencyP99Ms,
    ErrorRate,
    /// Of requests that both arms were asked for: a list is only merged where both answer, so no preference tells.
    PairedErrorRate,
    EmptyRate,
    ResultCount,
    TopScore,
    Bytes,
}

impl Automatic {
    pub const ALL: [Self; 10] = [
        Self::LatencyMs,
        Self::LatencyP50Ms,
        Self::LatencyP95Ms,
        Self::LatencyP99Ms,
        Self::ErrorRate,
        Self::PairedErrorRate,
        Self::EmptyRate,
        Self::ResultCount,
        Self::TopScore,
        Self::Bytes,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LatencyMs => "latency_ms",
            Self::LatencyP50Ms => "latency_p50_ms",
            Self::LatencyP95Ms => "latency_p95_ms",
            Self::LatencyP99Ms => "latency_p99_ms",
            Self::ErrorRate => "error_rate",
            Self::PairedErrorRate => "paired_error_rate",
            Self::EmptyRate => "empty_rate",
            Self::ResultCount => "result_count",
            Self::TopScore => "top_score",
            Self::Bytes => "bytes",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// None where more is neither better nor worse.
    #[must_use]
    pub const fn direction(self) -> Option<Direction> {
        match self {
            Self::ResultCount | Self::TopScore | Self::Bytes => None,
            _ => Some(Direction::LowerIsBetter),
        }
    }

    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::LatencyMs | Self::ErrorRate | Self::PairedErrorRate | Self::EmptyRate => Role::Guardrail,
            _ => Role::Info,
        }
    }

    /// The quantile of the latencies it is, if it is one.
    #[must_use]
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::LatencyP50Ms => Some(0.50),
            Self::LatencyP95Ms => Some(0.95),
            Self::LatencyP99Ms => Some(0.99),
            _ => None,
        }
    }
}
