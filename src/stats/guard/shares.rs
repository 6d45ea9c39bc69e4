//! The two comparisons that all guards over shares are made of.

use super::Compared;
use super::evaluation::{Evaluation, Shown, Verdict};
use super::rule::{Question, Rule, common, put_values};
use crate::stats::cohort::Cohort;
use crate::stats::ratio::{Contrast, Ratio};
use crate::stats::sums::Sums;

/// A part of the requests: how many had the property, of how many.
pub(super) type Share = fn(&Sums) -> (u64, u64);

pub(super) fn share_of(cohort: &Cohort, share: Share) -> Option<Ratio> {
    Some(Ratio::of(cohort.buckets().iter().map(share))?.as_share(cohort.units().estimate().units))
}

/// The canary's share against a limit between 0 and 1.
pub(super) fn absolute(compared: Compared<'_>, rule: &Rule, share: Share, limit: f64, subject: &str) -> Evaluation {
    let mut numbers = common(compared, rule);
    if !(limit > 0.0 && limit < 1.0) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable limit: a share lies between 0 and 1");
    }
    let [canary, control] = [compared.canary, compared.control].map(|cohort| share_of(cohort, share));
    put_values(&mut numbers, canary.as_ref(), control.as_ref(), 1.0);
    Question { subject, shown: Shown::Share, harm: canary.map(Contrast::from), limit }.judge(compared, rule, numbers)
}

/// The canary's share less control's, against a margin.
pub(super) fn relative(compared: Compared<'_>, rule: &Rule, share: Share, margin: f64, subject: &str) -> Evaluation {
    let mut numbers = common(compared, rule);
    if !(0.0..1.0).contains(&margin) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable margin: one of shares lies between 0 and 1");
    }
    let [canary, control] = [compared.canary, compared.control].map(|cohort| share_of(cohort, share));
    put_values(&mut numbers, canary.as_ref(), control.as_ref(), 1.0);
    let harm = canary.zip(control).map(|(canary, control)| Contrast::difference(&canary, &control, 1.0));
    Question { subject, shown: Shown::Points, harm, limit: margin }.judge(compared, rule, numbers)
}
