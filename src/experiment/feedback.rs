//! One reported value: to whom it belongs, or why it is refused.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::machine::Experiment;
use super::metric::{MetricKind, MetricSpec};
use super::token::{AnyToken, Interleaved, Token, TokenKey};
use crate::config::Timestamp;
use crate::interleaving::MOST_HITS;
use crate::protocol::points::PointId;
use crate::stats::Cohort;

/// What an application reports about an answer it got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// The `x-pointsman-decision` header of the answer it is about, or the token of an assignment. Exactly one of `token`, `unit` and `arm` is
    /// required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The unit, such as a user id. It is assigned again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The name of the arm alone. Intervals get too narrow, since values of one unit cannot be told from those of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The name of a metric of the experiment.
    pub metric: String,
    /// The value: 0 or 1 of a binary metric, a whole number of a count.
    pub value: f64,
    /// The hits it is about. It goes with the token of an interleaved answer, and with no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<PointId>>,
    /// The denominator of a ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<f64>,
    /// A key that is counted once, however often it is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// Where it is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// As a value of one arm.
    Value(Placed),
    /// As a preference between both.
    Credit(Credit),
}

/// What each team has won by one report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credit {
    pub phase: u32,
    pub slice: u32,
    pub bucket: usize,
    /// Of control and treatment.
    pub wins: [f64; 2],
}

/// Where a value is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    pub phase: u32,
    /// The present one, whenever the answer was given: what is written stays as it is.
    pub slice: u32,
    pub arm: usize,
    /// None: its user is unknown, and it counts as a unit of its own.
    pub bucket: Option<usize>,
    pub value: f64,
    pub below: f64,
}

/// What is not wrong, and worth saying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ambiguity {
    /// Reported for an arm alone: values of one unit cannot be told from those of many, and intervals are too narrow.
    NoUnit,
}

/// Why a value is not counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the experiment is {0} and takes no feedback")]
    Closed(&'static str),
    #[error("say whose it is: give exactly one of token, unit and arm")]
    Whose,
    #[error("the token is none of Pointsman's")]
    Token,
    #[error("the token belongs to another experiment")]
    Elsewhere,
    #[error("the unit is not in the experiment")]
    Outside,
    #[error("there is no arm `{0}`")]
    Arm(String),
    #[error("the experiment has no metric `{0}`; declare it when you create the experiment")]
    Metric(String),
    #[error("{0}")]
    Value(String),
    #[error("two arms made that answer together; say with `points` which of its hits it is about")]
    NoPoints,
    #[error("`points` goes with the token of an interleaved answer, and with nothing else")]
    Points,
    #[error("`points` names {0} hits, and an answer has {MOST_HITS} at most that count")]
    TooManyPoints(usize),
    #[error("the point {0} is not among the hits of that answer")]
    Absent(PointId),
    #[error("`{0}` is neither binary nor a count, and cannot be credited to points")]
    NotCreditable(String),
}

impl Feedback {
    /// # Errors
    /// When it cannot be counted.
    pub fn place(&self, experiment: &Experiment, key: &TokenKey, now: Timestamp) -> Result<Place, Refused> {
        let present = experiment.phase().zip(experiment.slices().present()).filter(|_| experiment.takes_feedback(now));
        let (phase, slice) = present.ok_or_else(|| Refused::Closed(experiment.state().name()))?;
        let declared = experiment.spec().metric(&self.metric).filter(|metric| metric.kind.is_some());
        let declared = declared.ok_or_else(|| Refused::Metric(self.metric.clone()))?;
        let (value, below) = declared.accept(self.value, self.denominator).map_err(Refused::Value)?;
        let (phase, arm, bucket) = match (&self.token, &self.unit, &self.arm) {
            (Some(token), None, None) => match opened(token, experiment, key)? {
                AnyToken::Interleaved(token) => return self.credit(&token, slice.number, declared, value).map(Place::Credit),
                AnyToken::OneArm(Token { phase, arm, bucket, .. }) => (phase, usize::from(arm), Some(usize::from(bucket))),
            },
            (None, Some(unit), None) => {
                let targeting = &experiment.spec().targeting;
                let chosen = targeting.deny.contains(unit) || targeting.allow.contains_key(unit);
                let assigned = experiment.assign(phase, unit.as_bytes());
                let arm = assigned.arm.filter(|_| !chosen).ok_or(Refused::Outside)?;
                (phase.number, arm, Some(Cohort::bucket(assigned.hash)))
            }
            (None, None, Some(arm)) => (phase.number, experiment.spec().arm(arm).ok_or_else(|| Refused::Arm(arm.clone()))?, None),
            _ => return Err(Refused::Whose),
        };
        if self.points.is_some() {
            return Err(Refused::Points);
        }
        Ok(Place::Value(Placed { phase, slice: slice.number, arm, bucket, value, below }))
    }

    /// Each point counts once, for the team that had picked it.
    fn credit(&self, token: &Interleaved, slice: u32, metric: &MetricSpec, value: f64) -> Result<Credit, Refused> {
        let points = self.points.as_deref().filter(|points| !points.is_empty()).ok_or(Refused::NoPoints)?;
        if !matches!(metric.kind, Some(MetricKind::Binary | MetricKind::Count)) {
            return Err(Refused::NotCreditable(metric.name.clone()));
        }
        if points.len() > MOST_HITS {
            return Err(Refused::TooManyPoints(points.len()));
        }
        let (mut wins, mut counted) = ([0.0; 2], HashSet::with_capacity(points.len()));
        for point in points {
            let team = token.picks.team(point).ok_or(Refused::Absent(*point))?;
            if counted.insert(point) {
                wins[team as usize] += value;
            }
        }
        Ok(Credit { phase: token.phase, slice, bucket: usize::from(token.bucket), wins })
    }
}

fn opened(token: &str, experiment: &Experiment, key: &TokenKey) -> Result<AnyToken, Refused> {
    let token = key.open(token).ok_or(Refused::Token)?;
    if experiment.id().ends_with(&token.experiment().to_string()) { Ok(token) } else { Err(Refused::Elsewhere) }
}
