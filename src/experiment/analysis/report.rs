//! All that can be said about one phase of an experiment, or a range of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Bounds;
use super::company::adjust;
use super::comparison::{Asked, Comparison, Pair};
use super::decision::{Decision, Ground, OnlyShown, decide};
use super::margin::Margin;
use super::preference::{Preference, Subject};
use super::reading::{Reading, automatic, reported};
use super::setting::Setting;
use super::split::{Dealt, Split, judge};
use crate::config::Timestamp;
use crate::experiment::metric::{Automatic, Direction, MetricKind, MetricSpec, Role};
use crate::experiment::phase::{BASELINE, Phase};
use crate::experiment::seen::{ArmSeen, Seen};
use crate::experiment::slice::Range;
use crate::experiment::spec::ExperimentSpec;
use crate::stats::inference::jackknife;

/// The lift that power is told for, unless another is asked about, in percent.
const LIFT: f64 = 10.0;

/// When one bucket holds more than this of an arm, a single unit may be behind it.
const CROWDED: f64 = 0.1;

/// What is asked.
pub struct Question<'a> {
    pub id: &'a str,
    pub spec: &'a ExperimentSpec,
    pub phase: &'a Phase,
    /// Of the phase only this was seen.
    pub range: Option<Range>,
    pub seen: &'a Seen,
    /// What was seen before the split.
    pub before: Option<&'a Seen>,
    /// Where the control was meanwhile: one collection, unless it was moved.
    pub control_was: &'a [String],
    pub bounds: Bounds<'a>,
    pub now: Timestamp,
    /// The time that was planned is over: a fixed horizon may be looked at, once.
    pub at_the_end: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Analysis")]
pub struct Report {
    pub experiment: String,
    pub phase: u32,
    /// None: all of the phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    pub at: Timestamp,
    /// Whether p-values of a fixed horizon count, because the planned end has come.
    pub at_the_planned_end: bool,
    pub alpha: f64,
    pub decision: Decision,
    pub split: Split,
    pub arms: Vec<ArmReport>,
    pub comparisons: Vec<Comparison>,
    /// Of an experiment that interleaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Vec<Preference>>,
    /// What to keep in mind.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ArmReport {
    pub name: String,
    pub weight: f64,
    pub requests: u64,
    pub units: f64,
    /// Zero while they are counted exactly.
    pub units_standard_error: f64,
    pub anonymous_requests: u64,
    pub forced_requests: u64,
    pub unattributed_values: u64,
    /// Of an experiment that interleaves; they are not among `requests`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interleaved_requests: Option<u64>,
    /// By why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_interleaved: Option<BTreeMap<String, u64>>,
    pub metrics: BTreeMap<String, MetricReport>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MetricReport {
    pub samples: u64,
    pub mean: Option<f64>,
    /// Of the mean, by the spread between statistics buckets.
    pub variance_of_mean: Option<f64>,
    /// Of the mean, by leaving out one bucket at a time: far from the root of the variance where a few buckets decide.
    pub jackknife_standard_error: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    /// As many buckets of equal weight would be as uncertain.
    pub effective_buckets: Option<f64>,
    pub largest_bucket_share: Option<f64>,
}

/// One metric of the experiment.
struct Measured<'a> {
    asked: Asked<'a>,
    read: Reader<'a>,
}

type Reader<'a> = Box<dyn Fn(&ArmSeen) -> Option<Reading> + 'a>;

/// What one metric was in each arm, and before the split: read once, however many arms are compared with the control.
struct Readings {
    now: Vec<Option<Reading>>,
    before: Vec<Option<Reading>>,
}

impl Measured<'_> {
    fn readings(&self, arms: &[&ArmSeen], before: &[Option<&ArmSeen>]) -> Readings {
        Readings {
            now: arms.iter().map(|&seen| (self.read)(seen)).collect(),
            before: before.iter().map(|seen| seen.and_then(|seen| (self.read)(seen))).collect(),
        }
    }
}

impl Readings {
    fn pair(&self, treatment: usize) -> Pair<'_> {
        Pair {
            control: self.now[0].as_ref(),
            treatment: self.now[treatment].as_ref(),
            before: self.before[0].as_ref().zip(self.before[treatment].as_ref()),
        }
    }
}

#[must_use]
pub fn analyse(question: &Question<'_>) -> Report {
    let spec = question.spec;
    let nobody = ArmSeen::default();
    let arms: Vec<&ArmSeen> = (0..spec.arms.len()).map(|arm| question.seen.arms.get(arm).unwrap_or(&nobody)).collect();
    let before: Vec<Option<&ArmSeen>> = (0..arms.len()).map(|arm| question.before.and_then(|before| before.arms.get(arm))).collect();
    let units: Vec<_> = arms.iter().map(|arm| arm.units()).collect();
    let is_over = question.at_the_end || question.phase.until.is_some();
    let split = judge(&units, &Dealt { shares: &question.phase.shares(), is_over });
    let measured = measured(spec, question.bounds);
    let readings: Vec<Readings> = measured.iter().map(|metric| metric.readings(&arms, &before)).collect();
    let mut comparisons = Vec::new();
    for (index, arm) in spec.arms.iter().enumerate().skip(1) {
        let of_both = question.phase.weights[0] + question.phase.weights[index];
        let setting = Setting {
            alpha: spec.alpha,
            power: spec.power,
            seen: units[0].units + units[index].units,
            planned: spec.planned_units as f64 * of_both,
        };
        for (metric, readings) in measured.iter().zip(&readings) {
            let comparison = Comparison::empty(&arm.name, &metric.asked);
            comparisons.push(comparison.compare(&readings.pair(index), metric.asked.margin, &setting));
        }
    }
    let units_seen = units.iter().map(|units| units.units).sum();
    let mut preferences = if spec.interleave { preferences(spec, question.seen, units_seen) } else { Vec::new() };
    adjust(&mut comparisons, &mut preferences, spec.alpha, question.at_the_end);
    let dealt = spec.arms.iter().zip(&question.phase.weights).skip(1).filter(|(_, weight)| **weight > 0.0);
    let decision = decide(&Ground {
        split: &split,
        weights: &question.phase.weights,
        comparisons: &comparisons,
        preferences: &preferences,
        treatments: dealt.map(|(arm, _)| arm.name.as_str()).collect(),
        minimum_units: spec.minimum_units,
        at_the_end: question.at_the_end,
        only_shown: match question.range {
            Some(_) => Some(OnlyShown::Range),
            None => (question.phase.number == BASELINE).then_some(OnlyShown::Baseline),
        },
    });
    let arms = spec.arms.iter().zip(&arms).enumerate();
    let arms: Vec<ArmReport> = arms
        .map(|(index, (arm, seen))| ArmReport {
            name: arm.name.clone(),
            weight: question.phase.weights[index],
            requests: seen.cohort.requests(),
            units: units[index].units,
            units_standard_error: units[index].standard_error,
            anonymous_requests: seen.anonymous,
            forced_requests: seen.forced,
            unattributed_values: seen.unattributed,
            interleaved_requests: spec.interleave.then_some(seen.interleaved),
            not_interleaved: spec.interleave.then(|| seen.not_interleaved.clone()),
            metrics: measured
                .iter()
                .zip(&readings)
                .filter_map(|(metric, readings)| Some((metric.asked.name.to_owned(), shown(readings.now[index].as_ref()?))))
                .collect(),
        })
        .collect();
    let mut notes = notes(&arms, question.range);
    if question.control_was.len() > 1 {
        let path = question.control_was.join("`, then `");
        notes.push(format!("the alias was moved past Pointsman: the control was `{path}`, and its figures are of all of them"));
    }
    if units.iter().any(|units| units.saturated) {
        notes.push("there are more units than can be counted: whether they are where they should be is not known".to_owned());
    }
    Report {
        experiment: question.id.to_owned(),
        phase: question.phase.number,
        range: question.range,
        at: question.now,
        at_the_planned_end: question.at_the_end,
        alpha: spec.alpha,
        decision,
        split,
        arms,
        comparisons,
        preferences: spec.interleave.then_some(preferences),
        notes,
    }
}

/// Of every metric that can be credited to hits.
fn preferences(spec: &ExperimentSpec, seen: &Seen, units: f64) -> Vec<Preference> {
    let setting = Setting { alpha: spec.alpha, power: spec.power, seen: units, planned: spec.planned_units as f64 };
    let credited = spec.metrics.iter().filter(|metric| matches!(metric.kind, Some(MetricKind::Binary | MetricKind::Count)));
    let of = |metric: &MetricSpec| {
        let subject = Subject { arm: &spec.arms[1].name, metric: &metric.name, role: metric.role, direction: metric.direction() };
        Preference::of(&subject, seen.credits.get(&metric.name), &setting)
    };
    credited.map(of).collect()
}

/// Declared metrics, then those that are measured anyway.
fn measured<'a>(spec: &'a ExperimentSpec, bounds: Bounds<'a>) -> Vec<Measured<'a>> {
    let declared = spec.metrics.iter().filter(|metric| metric.kind.is_some()).map(|metric| Measured {
        asked: asked(&metric.name, metric.role, Some(metric.direction()), Some(metric)),
        read: Box::new(move |seen: &ArmSeen| reported(metric, seen)),
    });
    let there = |metric: &Automatic| spec.alias.is_some() && (spec.interleave || *metric != Automatic::PairedErrorRate);
    let own = Automatic::ALL.into_iter().filter(there).map(|metric| {
        let chosen = spec.metric(metric.name());
        let role = chosen.map_or(metric.role(), |chosen| chosen.role);
        Measured {
            asked: asked(metric.name(), role, metric.direction(), chosen),
            read: Box::new(move |seen: &ArmSeen| automatic(metric, seen, bounds)),
        }
    });
    declared.chain(own).collect()
}

fn asked<'a>(name: &'a str, role: Role, direction: Option<Direction>, spec: Option<&MetricSpec>) -> Asked<'a> {
    let margin = spec.and_then(|spec| spec.non_inferiority_margin).zip(direction);
    Asked {
        name,
        role,
        direction,
        margin: margin.map(|(fraction, direction)| Margin { fraction, direction }),
        lift_percent: spec.and_then(|spec| spec.lift_percent).unwrap_or(LIFT),
    }
}

fn shown(reading: &Reading) -> MetricReport {
    match reading {
        Reading::Mean(mean) => MetricReport {
            samples: mean.samples,
            mean: Some(mean.ratio.value),
            variance_of_mean: Some(mean.ratio.variance),
            jackknife_standard_error: jackknife::standard_error(mean.cells.iter().copied()),
            p50: mean.percentiles.map(|[p50, ..]| p50),
            p95: mean.percentiles.map(|[_, p95, _]| p95),
            p99: mean.percentiles.map(|[.., p99]| p99),
            effective_buckets: Some(mean.ratio.effective_buckets),
            largest_bucket_share: Some(mean.ratio.largest_share),
        },
        Reading::Quantile(quantile) => MetricReport {
            samples: quantile.samples(),
            mean: Some(quantile.value),
            variance_of_mean: Some(quantile.variance),
            jackknife_standard_error: None,
            p50: None,
            p95: None,
            p99: None,
            effective_buckets: None,
            largest_bucket_share: None,
        },
    }
}

fn notes(arms: &[ArmReport], range: Option<Range>) -> Vec<String> {
    let crowded = arms.iter().flat_map(|arm| {
        let metrics = arm.metrics.iter().filter(|(_, metric)| metric.largest_bucket_share.is_some_and(|share| share > CROWDED));
        metrics.map(|(name, _)| {
            format!("a single statistics bucket has more than a tenth of `{name}` in `{}`: a few units may decide it", arm.name)
        })
    });
    let unattributed = arms.iter().filter(|arm| arm.unattributed_values > 0).map(|arm| {
        format!("{} values were reported for `{}` without a unit: intervals may be too narrow", arm.unattributed_values, arm.name)
    });
    let widened = range.filter(|range| range.widened).map(|range| {
        format!("time is counted in slices: this is {} to {}, the whole ones that the range reaches into", range.from, range.to)
    });
    crowded.chain(unattributed).chain(widened).collect()
}
