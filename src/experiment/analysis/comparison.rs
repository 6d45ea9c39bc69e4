//! One metric of one arm against the control.

use schemars::JsonSchema;
use serde::Serialize;

use super::judged::Judged;
use super::margin::{Margin, NonInferiority};
use super::outlook::Outlook;
use super::ranks::RankReport;
use super::reading::{Mean, Reading, with_baseline};
use super::setting::Setting;
use super::shares::{self, CountReport, ShareReport};
use crate::experiment::metric::{Direction, Role};
use crate::stats::inference::bayes::{Prior, chance_to_win};
use crate::stats::inference::cuped::Cuped;
use crate::stats::inference::effect::{cohens_d, hedges_g};
use crate::stats::inference::power::Design;
use crate::stats::inference::ranks::mann_whitney;
use crate::stats::inference::{Interval, always, fixed};
use crate::stats::{Base, Contrast, Estimate};

/// Below so many expected events in an arm a share is not compared: without an event it looks more certain than it is.
const EXPECTED_EVENTS: f64 = 5.0;
/// A mean closer to zero than so many of its standard errors is nothing to divide by.
const AWAY_FROM_ZERO: f64 = 4.0;

/// All that can be said of one metric. What cannot is null, and `note` says why.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "MetricComparison")]
pub struct Comparison {
    pub arm: String,
    pub metric: String,
    pub role: Role,
    pub direction: Option<Direction>,
    pub control_mean: Option<f64>,
    pub treatment_mean: Option<f64>,
    pub difference: Option<f64>,
    /// Of the difference, at one look.
    pub interval: Option<Interval>,
    /// The relative lift, `(treatment - control) / |control|`.
    pub improvement: Option<f64>,
    pub improvement_percent: Option<f64>,
    pub improvement_interval: Option<Interval>,
    /// Welch's t-test, for one look at the planned end.
    pub p_value: Option<f64>,
    /// Valid at every look.
    pub always_valid_p_value: Option<f64>,
    pub always_valid_interval: Option<Interval>,
    /// The p-value that counts now, held against the other comparisons of its role.
    pub adjusted_p_value: Option<f64>,
    /// That one is below alpha.
    pub significant: bool,
    /// The treatment is better: known where the difference is significant and the metric has a direction.
    pub better: Option<bool>,
    /// Cohen's d of single values.
    pub effect_size: Option<f64>,
    pub hedges_g: Option<f64>,
    /// The chance that a statistics bucket of the treatment has a larger mean than one of the control.
    pub a12: Option<f64>,
    /// Mann-Whitney over the means of the statistics buckets.
    pub mann_whitney_p_value: Option<f64>,
    pub hodges_lehmann: Option<f64>,
    /// Of a share: Newcombe's interval, by units as if they were independent.
    pub newcombe_interval: Option<Interval>,
    pub share: ShareReport,
    pub count: CountReport,
    pub ranks: RankReport,
    pub non_inferiority: NonInferiority,
    pub power: Outlook,
    /// For display only: not valid at every look, and nothing follows from it.
    pub chance_to_win: Option<f64>,
    /// How much of the variance the time before the split explains; it has been taken out.
    pub variance_explained: Option<f64>,
    /// What can be seen with what there is.
    pub detectable_difference: Option<f64>,
    /// What could be seen with the planned units.
    pub detectable_difference_at_end: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What is asked of one metric.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
    pub(super) direction: Option<Direction>,
    pub(super) margin: Option<Margin>,
    /// The smallest lift worth finding.
    pub(super) lift_percent: f64,
}

/// An estimate of each arm, and the control's as it is without any adjustment: what a lift is a part of.
struct Arms {
    b: Estimate,
    a: Estimate,
    base: Base,
}

impl Arms {
    fn raw(b: impl Into<Estimate>, a: impl Into<Estimate>) -> Self {
        let a = a.into();
        Self { b: b.into(), a, base: Base::of(&a) }
    }
}

/// One metric in both arms, and before the split where that was watched.
pub(super) struct Pair<'a> {
    pub(super) control: Option<&'a Reading>,
    pub(super) treatment: Option<&'a Reading>,
    pub(super) before: Option<(&'a Reading, &'a Reading)>,
}

impl Comparison {
    pub(super) fn empty(arm: &str, asked: &Asked<'_>) -> Self {
        Self {
            arm: arm.to_owned(),
            metric: asked.name.to_owned(),
            role: asked.role,
            direction: asked.direction,
            control_mean: None,
            treatment_mean: None,
            difference: None,
            interval: None,
            improvement: None,
            improvement_percent: None,
            improvement_interval: None,
            p_value: None,
            always_valid_p_value: None,
            always_valid_interval: None,
            adjusted_p_value: None,
            significant: false,
            better: None,
            effect_size: None,
            hedges_g: None,
            a12: None,
            mann_whitney_p_value: None,
            hodges_lehmann: None,
            newcombe_interval: None,
            share: ShareReport::default(),
            count: CountReport::default(),
            ranks: RankReport::default(),
            non_inferiority: NonInferiority::new(asked.margin),
            power: Outlook::unknown(asked.lift_percent),
            chance_to_win: None,
            variance_explained: None,
            detectable_difference: None,
            detectable_difference_at_end: None,
            note: None,
        }
    }

    pub(super) fn compare(mut self, pair: &Pair<'_>, margin: Option<Margin>, setting: &Setting) -> Self {
        match (pair.control, pair.treatment) {
            (Some(Reading::Mean(control)), Some(Reading::Mean(treatment))) => {
                self.control_mean = Some(control.ratio.value);
                self.treatment_mean = Some(treatment.ratio.value);
                self.describe(control, treatment, setting);
                if let Some(margin) = margin {
                    self.non_inferiority.of_shares(margin, control, treatment);
                }
                if let Some(why) = too_rare(control, treatment) {
                    self.note = Some(why);
                    return self;
                }
                let arms = self.without_baseline(pair).unwrap_or_else(|| Arms::raw(&treatment.ratio, &control.ratio));
                self.infer(&arms, margin, setting);
            }
            (Some(Reading::Quantile(control)), Some(Reading::Quantile(treatment))) => {
                self.control_mean = Some(control.value);
                self.treatment_mean = Some(treatment.value);
                self.infer(&Arms::raw(treatment, control), margin, setting);
            }
            (control, treatment) => {
                let missing = match (control.is_some(), treatment.is_some()) {
                    (false, false) => "neither arm has",
                    (false, true) => "the control does not have",
                    _ => "the treatment does not have",
                };
                self.note = Some(format!("{missing} enough values from different units yet"));
            }
        }
        self
    }

    /// What needs no variance of a mean.
    fn describe(&mut self, control: &Mean, treatment: &Mean, setting: &Setting) {
        if let Some((b, a)) = treatment.values.as_ref().zip(control.values.as_ref()) {
            self.effect_size = cohens_d(b, a);
            self.hedges_g = hedges_g(b, a);
        }
        let means =
            |mean: &Mean| -> Vec<f64> { mean.cells.iter().filter(|(_, below)| *below > 0.0).map(|(above, below)| above / below).collect() };
        let (of_treatment, of_control) = (means(treatment), means(control));
        if let Some(ranks) = mann_whitney(&of_treatment, &of_control) {
            self.a12 = Some(ranks.a12);
            self.mann_whitney_p_value = Some(ranks.p_value);
            self.hodges_lehmann = Some(ranks.shift);
        }
        self.ranks = RankReport::of(&of_treatment, &of_control, setting.alpha);
        if let Some((newcombe, share)) = shares::compare(control, treatment, setting.alpha) {
            self.newcombe_interval = newcombe;
            self.share = share;
        }
        self.count = CountReport::of(control, treatment);
    }

    /// The estimates with what the time before the split explains taken out, where it was watched and explains anything.
    fn without_baseline(&mut self, pair: &Pair<'_>) -> Option<Arms> {
        let (
            Some(Reading::Mean(control)),
            Some(Reading::Mean(treatment)),
            Some((Reading::Mean(was_control), Reading::Mean(was_treatment))),
        ) = (pair.control, pair.treatment, pair.before)
        else {
            return None;
        };
        let arms = [with_baseline(control, was_control), with_baseline(treatment, was_treatment)];
        let cuped = Cuped::of(&arms)?;
        let [of_control, of_treatment] = arms.map(|arm| cuped.adjust(&arm));
        let (of_control, of_treatment) = of_control.zip(of_treatment)?;
        self.variance_explained = Some(cuped.explained);
        Some(Arms { b: of_treatment.estimate, a: of_control.estimate, base: of_control.raw })
    }

    fn infer(&mut self, arms: &Arms, margin: Option<Margin>, setting: &Setting) {
        let contrast = Contrast::difference(arms.b, arms.a, 1.0);
        self.difference = Some(contrast.estimate);
        let Some(once) = fixed::test(&contrast, setting.alpha) else {
            self.note = Some(no_spread(&contrast));
            return;
        };
        self.p_value = Some(once.p_value);
        self.interval = Some(once.interval);
        if let Some(always) = always::test(&contrast, setting.alpha, setting.seen, setting.planned) {
            self.always_valid_p_value = Some(always.p_value);
            self.always_valid_interval = Some(always.interval);
        }
        let design = Design { alpha: setting.alpha, power: setting.power, ratio: 1.0 };
        self.detectable_difference = Some(design.detectable(once.standard_error));
        let shrink = (setting.seen / setting.planned.max(setting.seen)).sqrt();
        self.detectable_difference_at_end = Some(design.detectable(once.standard_error * shrink));
        if let Some(margin) = margin {
            self.non_inferiority.of_means(margin, arms.b, arms.a, setting);
        }
        self.lift(arms, setting);
    }

    fn lift(&mut self, arms: &Arms, setting: &Setting) {
        if arms.base.value.abs() < AWAY_FROM_ZERO * arms.base.variance.sqrt() {
            self.note = Some("the control's value is not known surely enough yet to divide by it: there is no relative lift".to_owned());
            return;
        }
        let Some(lift) = Contrast::relative_to(arms.b, arms.a, &arms.base) else { return };
        self.improvement = Some(lift.estimate);
        self.improvement_percent = Some(lift.estimate * 100.0);
        self.improvement_interval = fixed::test(&lift, setting.alpha).map(|test| test.interval);
        self.power = Outlook::of(self.power.lift_percent, &lift, setting);
        let toward = match self.direction {
            Some(Direction::LowerIsBetter) => Contrast { estimate: -lift.estimate, ..lift },
            _ => lift,
        };
        self.chance_to_win = self.direction.and_then(|_| chance_to_win(&toward, &Prior::USUAL));
    }
}

impl Judged for Comparison {
    fn role(&self) -> Role {
        self.role
    }

    fn counting(&self, at_the_end: bool) -> Option<f64> {
        if at_the_end { self.p_value } else { self.always_valid_p_value }
    }

    fn conclude(&mut self, adjusted: f64, alpha: f64, at_the_end: bool) {
        self.non_inferiority.conclude(alpha, at_the_end);
        self.adjusted_p_value = Some(adjusted);
        self.significant = adjusted < alpha;
        let rises = self.difference.filter(|_| self.significant).map(|difference| difference > 0.0);
        self.better = rises.zip(self.direction).map(|(rises, direction)| rises == (direction == Direction::HigherIsBetter));
    }
}

/// Zero of a handful is no proof of anything, least of all in the smaller arm.
fn too_rare(control: &Mean, treatment: &Mean) -> Option<String> {
    if !(control.is_share() && treatment.is_share()) {
        return None;
    }
    let pooled = (control.sum() + treatment.sum()) / (control.ratio.denominator + treatment.ratio.denominator);
    let least = control.ratio.denominator.min(treatment.ratio.denominator) * pooled.min(1.0 - pooled);
    (least < EXPECTED_EVENTS).then(|| {
        if pooled <= 0.0 || pooled >= 1.0 {
            "every value is the same in both arms".to_owned()
        } else {
            format!("too rare to compare: {least:.1} events are expected in the smaller arm, and {EXPECTED_EVENTS:.0} are needed")
        }
    })
}

fn no_spread(contrast: &Contrast) -> String {
    if contrast.variance > 0.0 {
        "too few units share the requests to tell how certain this is".to_owned()
    } else if contrast.estimate == 0.0 {
        "every value is the same in both arms".to_owned()
    } else {
        "the values do not vary within the arms, so there is nothing to test a difference against".to_owned()
    }
}
