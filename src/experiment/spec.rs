//! The request for an experiment, and its validation.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layer::LayerPart;
use super::metric::MetricSpec;
use crate::config::{Period, Timestamp};
use crate::interleaving::INTERLEAVED;
use crate::routing::{Anonymous, STABLE, SpecFault, SplitPolicy, SplitReads, check_name};

const MAX_ARMS: usize = 16;
const MAX_METRICS: usize = 50;
const MAX_LISTED: usize = 1_000;
const MAX_NAME: usize = 40;
/// Nothing about an experiment takes longer.
const MAX_PERIOD: Period = Period::from_secs(366 * 86_400);
/// Slices of time: how many there are by default, how many there may be, and how short each.
const USUAL_SLICES: u64 = 48;
const MAX_SLICES: u64 = 200;
const SHORTEST_SLICE: Period = Period::from_secs(1);
const SHORTEST_USUAL_SLICE: Period = Period::from_secs(60);
/// Shares come in slots of a millionth.
const GRAIN: f64 = 1e-6;

/// One collection under test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmSpec {
    /// The name, unique in the experiment.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,40}$"))]
    pub name: String,
    /// Its part of the units in the experiment, from 0 to 1. The parts of all arms add up to 1.
    #[schemars(range(min = 0, max = 1))]
    pub weight: f64,
    /// The collection that answers. Default for the first arm: the one that the alias points at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub collection: Option<String>,
    /// The upstream of the collection. Default: the one that holds the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

/// Units and requests whose arm is not chosen by chance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targeting {
    /// Units that are never in the experiment. At most 1000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub deny: Vec<String>,
    /// Arms by units that get them, to try them out. These units are not analysed. At most 1000.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allow: BTreeMap<String, String>,
    /// Headers with the values that a request needs to be in the experiment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// An A/B(/n) test between collections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSpec {
    /// The name, of which the id is made.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,40}$"))]
    pub name: String,
    /// The alias whose reads are split. Without one nothing is routed, and applications ask for assignments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub alias: Option<String>,
    /// From 2 to 16 arms. The first is the control that the others are compared with. For two arms, `treatment` is shorter.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub arms: Vec<ArmSpec>,
    /// The collection of the arm `control`, instead of `arms`. Default: the one that the alias points at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub control: Option<String>,
    /// The collection of the arm `treatment`, instead of `arms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub treatment: Option<String>,
    /// The treatment's part of the units, between 0 and 1, instead of `arms`. Default 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub traffic_split: Option<f64>,
    /// What happens to requests without a unit. Default: `identity.anonymous` of the configuration, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Anonymous>,
    /// Which reads are split. Default: `aliases.split` of the configuration, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitReads>,
    /// The part of the alias's units that is the experiment's own, where several share the alias. Default: all of them.
    #[serde(default)]
    pub layer: LayerPart,
    /// How many of its units are in the experiment, above 0 and at most 100 percent. Stable answers the others.
    #[serde(default = "everybody")]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub exposure_percentage: f64,
    /// What is measured beside the metrics that Pointsman measures by itself. At most 50.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub metrics: Vec<MetricSpec>,
    /// Whether plain searches are answered by both arms together, hit by hit. Feedback about hits says which arm users prefer. It needs an
    /// alias and exactly two arms.
    #[serde(default)]
    pub interleave: bool,
    /// Which units and requests are in the experiment not by chance.
    #[serde(default)]
    pub targeting: Targeting,
    /// When it starts. Default: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Timestamp>,
    /// How long stable answers all units before the split, above 0. It makes the comparison more precise. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_period: Option<Period>,
    /// When it ends by itself, counted from the split. Above 0 and at most 366 days.
    #[serde(default = "two_weeks")]
    pub max_duration: Period,
    /// How long after its end feedback is still taken.
    #[serde(default = "one_hour")]
    pub late_feedback: Period,
    /// The grain of ranges of the analysis: at least 1 s and a 200th of `max_duration`. Default: a 48th of `max_duration`, at least 1 m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_resolution: Option<Period>,
    /// The chance of a false conclusion about one metric, between 0 and 1.
    #[serde(default = "five_percent")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub alpha: f64,
    /// The chance to see a lift of the size that is asked for, between 0 and 1.
    #[serde(default = "eighty_percent")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub power: f64,
    /// How many units each arm needs before anything is concluded.
    #[serde(default = "one_hundred")]
    #[schemars(range(min = 1))]
    pub minimum_units: u64,
    /// How many units all arms have together at the planned end. Intervals that hold at every look are tightest there.
    #[serde(default = "ten_thousand")]
    #[schemars(range(min = 1))]
    pub planned_units: u64,
    /// Whether giving the alias to an arm may lose acknowledged writes: those to the alias since the experiment began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_lost_writes: bool,
}

impl ExperimentSpec {
    /// With the short form, and what follows from other fields, written out.
    ///
    /// # Errors
    /// Every fault, with its field.
    pub fn normalized(mut self, upstreams: &HashSet<&str>) -> Result<Self, Vec<SpecFault>> {
        let mut faults = Vec::new();
        let short = self.control.is_some() || self.treatment.is_some() || self.traffic_split.is_some();
        if short && !self.arms.is_empty() {
            faults.push(SpecFault::new("arms", "give either arms, or control, treatment and traffic_split"));
        } else if short || self.arms.is_empty() {
            let split = self.traffic_split.take().unwrap_or(0.5);
            if !(GRAIN..=1.0 - GRAIN).contains(&split) {
                faults.push(SpecFault::new("traffic_split", format!("must be between 0 and 1, not {split}")));
            }
            match self.treatment.take() {
                None => faults.push(SpecFault::new("treatment", "is missing: the collection to compare with the control")),
                Some(treatment) => {
                    let arm = |name: &str, weight, collection| ArmSpec { name: name.to_owned(), weight, collection, upstream: None };
                    self.arms = vec![arm("control", 1.0 - split, self.control.take()), arm("treatment", split, Some(treatment))];
                }
            }
        }
        if faults.is_empty() {
            self.check(upstreams, &mut faults);
        }
        self.time_resolution = Some(self.time_resolution());
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    fn check(&self, upstreams: &HashSet<&str>, faults: &mut Vec<SpecFault>) {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.bytes().all(legal) {
            faults.push(SpecFault::new("name", format!("must be 1 to {MAX_NAME} of A-Z a-z 0-9 _ -")));
        }
        if let Some(alias) = &self.alias {
            faults.extend(check_name(alias, "alias"));
        }
        if !(2..=MAX_ARMS).contains(&self.arms.len()) {
            faults.push(SpecFault::new("arms", format!("an experiment needs 2 to {MAX_ARMS} arms, this one has {}", self.arms.len())));
        }
        let mut seen = HashSet::new();
        for (index, arm) in self.arms.iter().enumerate() {
            let at = format!("arms[{index}]");
            if !seen.insert(arm.name.as_str()) {
                faults.push(SpecFault::new(format!("{at}.name"), format!("`{}` appears twice", arm.name)));
            }
            arm.check(&at, self.alias.is_some() && index == 0, upstreams, faults);
        }
        if self.interleave {
            self.check_interleaving(faults);
        }
        check_weights(&self.weights(), "arms", faults);
        self.layer.check(faults);
        if self.alias.is_none() && self.layer != LayerPart::default() {
            faults.push(SpecFault::new("layer", "is a part of an alias's units, and the experiment has no alias"));
        }
        for (field, said) in [("anonymous", self.anonymous.is_some()), ("split", self.split.is_some())] {
            if said && self.alias.is_none() {
                faults.push(SpecFault::new(field, "is about an alias's requests, and the experiment has no alias"));
            }
        }
        check_exposure(self.exposure_percentage, faults);
        self.check_metrics(faults);
        self.check_targeting(faults);
        self.check_numbers(faults);
    }

    fn check_interleaving(&self, faults: &mut Vec<SpecFault>) {
        if self.arms.len() != 2 {
            let count = self.arms.len();
            faults.push(SpecFault::new("interleave", format!("lists of hits are merged of exactly two arms, and this one has {count}")));
        }
        if let Some(index) = self.arms.iter().position(|arm| arm.name == INTERLEAVED) {
            faults.push(SpecFault::new(format!("arms[{index}].name"), format!("`{INTERLEAVED}` is what answers of both arms are from")));
        }
        if self.alias.is_none() {
            faults.push(SpecFault::new("interleave", "needs an alias: only answers that pass through can be merged"));
        }
    }

    fn check_metrics(&self, faults: &mut Vec<SpecFault>) {
        if self.metrics.len() > MAX_METRICS {
            faults.push(SpecFault::new("metrics", format!("must be at most {MAX_METRICS}")));
        }
        let mut seen = HashSet::new();
        for (index, metric) in self.metrics.iter().enumerate() {
            let at = format!("metrics[{index}]");
            if !seen.insert(metric.name.as_str()) {
                faults.push(SpecFault::new(format!("{at}.name"), format!("`{}` appears twice", metric.name)));
            }
            metric.check(&at, faults);
        }
    }

    fn check_targeting(&self, faults: &mut Vec<SpecFault>) {
        let targeting = &self.targeting;
        for (field, count) in [("deny", targeting.deny.len()), ("allow", targeting.allow.len()), ("headers", targeting.headers.len())] {
            if count > MAX_LISTED {
                faults.push(SpecFault::new(format!("targeting.{field}"), format!("must be at most {MAX_LISTED}")));
            }
        }
        for (unit, arm) in &targeting.allow {
            if !self.arms.iter().any(|known| known.name == *arm) {
                faults.push(SpecFault::new(format!("targeting.allow[{unit}]"), format!("there is no arm `{arm}`")));
            }
        }
        for name in targeting.headers.keys() {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                faults.push(SpecFault::new(format!("targeting.headers[{name}]"), "is no name of a header"));
            }
        }
    }

    fn check_numbers(&self, faults: &mut Vec<SpecFault>) {
        for (field, share) in [("alpha", self.alpha), ("power", self.power)] {
            if !(share > 0.0 && share < 1.0) {
                faults.push(SpecFault::new(field, format!("must be between 0 and 1, not {share}")));
            }
        }
        for (field, number) in [("minimum_units", self.minimum_units), ("planned_units", self.planned_units)] {
            if number == 0 {
                faults.push(SpecFault::new(field, "must be at least 1"));
            }
        }
        let lengths =
            [("pre_period", self.pre_period), ("max_duration", Some(self.max_duration)), ("late_feedback", Some(self.late_feedback))];
        for (field, length) in lengths {
            let Some(length) = length else { continue };
            check_length(length, field, faults);
            if length.is_zero() && field != "late_feedback" {
                faults.push(SpecFault::new(field, "must be above zero"));
            }
        }
        let shortest = SHORTEST_SLICE.max(Period::from_millis(self.max_duration.millis().div_ceil(MAX_SLICES)));
        if let Some(grain) = self.time_resolution.filter(|grain| *grain < shortest) {
            let reason =
                format!("must be at least {SHORTEST_SLICE} and a {MAX_SLICES}th of max_duration, which is {shortest}, not {grain}");
            faults.push(SpecFault::new("time_resolution", reason));
        }
    }

    /// As it is stored: a later configuration does not change who is in an experiment under way.
    #[must_use]
    pub fn settled(mut self, policy: SplitPolicy) -> Self {
        let SplitPolicy { anonymous, reads } = self.policy(policy);
        (self.anonymous, self.split) = (Some(anonymous), Some(reads));
        self
    }

    /// Which reads are dealt, with `otherwise` where nothing was said.
    #[must_use]
    pub fn policy(&self, otherwise: SplitPolicy) -> SplitPolicy {
        otherwise.with(self.anonymous, self.split)
    }

    /// How long a slice of time is.
    #[must_use]
    pub fn time_resolution(&self) -> Period {
        let usual = Period::from_millis(self.max_duration.millis() / USUAL_SLICES);
        self.time_resolution.unwrap_or(usual.max(SHORTEST_USUAL_SLICE))
    }

    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.arms.iter().map(|arm| arm.weight).collect()
    }

    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&MetricSpec> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    #[must_use]
    pub fn arm(&self, name: &str) -> Option<usize> {
        self.arms.iter().position(|arm| arm.name == name)
    }
}

impl ArmSpec {
    fn check(&self, at: &str, may_be_stable: bool, upstreams: &HashSet<&str>, faults: &mut Vec<SpecFault>) {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.bytes().all(legal) {
            faults.push(SpecFault::new(format!("{at}.name"), format!("must be 1 to {MAX_NAME} of A-Z a-z 0-9 _ -")));
        }
        if self.name == STABLE {
            faults.push(SpecFault::new(format!("{at}.name"), format!("`{STABLE}` is what units outside the experiment get")));
        }
        match &self.collection {
            Some(collection) => faults.extend(check_name(collection, &format!("{at}.collection"))),
            None if may_be_stable => {}
            None => faults.push(SpecFault::new(format!("{at}.collection"), "is missing; only the control of an alias may leave it out")),
        }
        if let Some(upstream) = self.upstream.as_deref().filter(|upstream| !upstreams.contains(upstream)) {
            faults.push(SpecFault::new(format!("{at}.upstream"), format!("`{upstream}` is not configured")));
        }
    }
}

pub(super) fn check_weights(weights: &[f64], field: &str, faults: &mut Vec<SpecFault>) {
    for (index, weight) in weights.iter().enumerate() {
        if !(0.0..=1.0).contains(weight) || (*weight > 0.0 && *weight < GRAIN) {
            faults.push(SpecFault::new(format!("{field}[{index}].weight"), format!("must be 0, or from {GRAIN} to 1, not {weight}")));
        }
    }
    let sum: f64 = weights.iter().sum();
    if (sum - 1.0).abs() > GRAIN / 2.0 {
        faults.push(SpecFault::new(field, format!("the weights must add up to 1, not to {sum}")));
    }
}

pub(super) fn check_length(length: Period, field: &str, faults: &mut Vec<SpecFault>) {
    if length > MAX_PERIOD {
        faults.push(SpecFault::new(field, format!("must be at most {MAX_PERIOD}, not {length}")));
    }
}

pub(super) fn check_exposure(percentage: f64, faults: &mut Vec<SpecFault>) {
    if !(100.0 * GRAIN..=100.0).contains(&percentage) {
        faults.push(SpecFault::new("exposure_percentage", format!("must be above 0 and at most 100, not {percentage}")));
    }
}

const fn everybody() -> f64 {
    100.0
}

const fn two_weeks() -> Period {
    Period::from_secs(14 * 86_400)
}

const fn one_hour() -> Period {
    Period::from_secs(3_600)
}

const fn five_percent() -> f64 {
    0.05
}

const fn eighty_percent() -> f64 {
    0.8
}

const fn one_hundred() -> u64 {
    100
}

const fn ten_thousand() -> u64 {
    10_000
}
