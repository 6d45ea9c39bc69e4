//! The two comparisons that all guards over shares are made of.

use std::borrow::Cow;

use super::Compared;
use super::evaluation::{Evaluation, Shown, Verdict};
use super::harm::Harm;
use super::question::{Question, unless_shared};
use super::rule::{Rule, common, put_values};
use crate::stats::cohort::Cohort;
use crate::stats::ratio::{Contrast, Ratio};
use crate::stats::sequence::widen;
use crate::stats::sums::Sums;
use crate::stats::trials::{Excess, Trials};
use crate::stats::unit_set::UnitSet;

/// A part of what a cohort asked.
#[derive(Clone, Copy)]
pub(super) struct Share {
    /// How many had the property, of how many.
    of: Parts,
    /// Who made them.
    units: fn(&Cohort) -> Cow<'_, UnitSet>,
}

type Parts = fn(&Sums) -> (u64, u64);

impl Share {
    /// Of requests: answers and failures.
    pub(super) fn of_requests(of: Parts) -> Self {
        Self { of, units: units_with_requests }
    }

    /// Of requests and refusals. A unit that was refused everything is one of these alone.
    pub(super) fn of_all_asked(of: Parts) -> Self {
        Self { of, units: units_asking }
    }
}

fn units_with_requests(cohort: &Cohort) -> Cow<'_, UnitSet> {
    Cow::Borrowed(cohort.units())
}

fn units_asking(cohort: &Cohort) -> Cow<'_, UnitSet> {
    Cow::Owned(cohort.units_asking())
}

/// How far out bounds lie, roughly, in standard errors: where Student's t is compared with the normal distribution.
const FAR_OUT: f64 = 3.0;

/// A share of a cohort, by its spread and by what it is worth in independent trials.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) ratio: Ratio,
    /// Units by their weight: what a few that make most of the requests do is not much of a proof.
    weighted: Trials,
    /// Each unit once, with an event if it had one or if the share of requests says so: how many have had none yet is known
    /// at any weight.
    by_unit: Trials,
}

impl Counted {
    pub(super) fn of(cohort: &Cohort, share: Share) -> Option<Self> {
        let asking = (share.units)(cohort);
        let units = asking.estimate().units;
        let ratio = Ratio::of(cohort.buckets().iter().map(share.of))?.as_share(units);
        let trials = |count: f64| Trials { count, events: ratio.value * count };
        if ratio.is_spread() {
            let weighted = trials(by_spread(&ratio));
            return Some(Self { ratio, weighted, by_unit: weighted });
        }
        let by_unit = trials(units.min(ratio.denominator));
        let events = by_unit.events.max(ratio.with_events).min(by_unit.count);
        let weighted = trials(cohort.effective_units(&asking, |sums| (share.of)(sums).1));
        Some(Self { ratio, weighted, by_unit: Trials { events, ..by_unit } })
    }

    /// By itself, or less so many times control's.
    pub(super) fn harm(&self, control: Option<(&Self, f64)>) -> Harm {
        if self.ratio.is_spread() && control.is_none_or(|(control, _)| control.ratio.is_spread()) {
            return Harm::Spread(control.map_or_else(
                || Contrast::from(self.ratio),
                |(control, factor)| Contrast::difference(&self.ratio, &control.ratio, factor),
            ));
        }
        Harm::Few {
            from_below: Excess { canary: self.weighted, control: control.map(|(control, factor)| (control.by_unit, factor)) },
            from_above: Excess { canary: self.by_unit, control: control.map(|(control, factor)| (control.weighted, factor)) },
        }
    }
}

/// So many independent trials would have this variance (Korn and Graubard 1998), fewer where few buckets say so.
fn by_spread(ratio: &Ratio) -> f64 {
    let student = FAR_OUT / widen(FAR_OUT, ratio.degrees());
    (ratio.value * (1.0 - ratio.value) / ratio.variance * student * student).min(ratio.denominator)
}

/// The multiple of control's share that a canary is not blamed for while control is beyond its own limit: twice the odds.
pub(super) fn shared_factor(control: f64) -> f64 {
    2.0 / (1.0 + control)
}

/// The canary's share against a limit between 0 and 1.
pub(super) fn absolute(compared: Compared<'_>, rule: &Rule, share: Share, limit: f64, subject: &str) -> Evaluation {
    let mut numbers = common(compared, rule);
    if !(limit > 0.0 && limit < 1.0) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable limit: a share lies between 0 and 1");
    }
    let canary = Counted::of(compared.canary, share);
    let control = compared.control.and_then(|control| Some((control.name, Counted::of(control.cohort, share)?)));
    put_values(&mut numbers, canary.map(|canary| canary.ratio).as_ref(), control.map(|(_, control)| control.ratio).as_ref(), 1.0);
    let question = Question { subject, shown: Shown::Share, harm: canary.map(|canary| canary.harm(None)), limit };
    let judged = question.judge(compared, rule, numbers);
    let Some((name, control)) = control.filter(|(_, control)| control.ratio.value > limit) else { return judged };
    let worse = canary.map(|canary| canary.harm(Some((&control, shared_factor(control.ratio.value)))));
    unless_shared(judged, (name, Shown::Share.show(control.ratio.value)), worse, rule)
}

/// The canary's share less control's, against a margin.
pub(super) fn relative(compared: Compared<'_>, rule: &Rule, share: Share, margin: f64, subject: &str) -> Evaluation {
    let mut numbers = common(compared, rule);
    if !(0.0..1.0).contains(&margin) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable margin: one of shares lies between 0 and 1");
    }
    let canary = Counted::of(compared.canary, share);
    let control = compared.control_cohort().and_then(|control| Counted::of(control, share));
    put_values(&mut numbers, canary.map(|canary| canary.ratio).as_ref(), control.map(|control| control.ratio).as_ref(), 1.0);
    let harm = canary.zip(control).map(|(canary, control)| canary.harm(Some((&control, 1.0))));
    Question { subject, shown: Shown::Points, harm, limit: margin }.judge(compared, rule, numbers)
}
