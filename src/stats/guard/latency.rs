//! Slowness. Of the tail only exceedances of a frozen threshold are counted: "95 % are faster than 200 ms" is the same
//! statement as "at most 5 % are slower", and unlike a percentile a count adds up over replicas and has a simple variance.

use super::Compared;
use super::evaluation::{Evaluation, Shown, Verdict};
use super::harm::Harm;
use super::question::{Question, unless_shared};
use super::rule::{Rule, common, put_values};
use super::shares::{Share, absolute, relative};
use crate::stats::cohort::Cohort;
use crate::stats::ratio::{Contrast, Ratio};
use crate::stats::sums::Thresholds;

const US_TO_MS: f64 = 1e-3;

/// The canary's percentile, such as 0.95, must not be above [`Thresholds::limit_us`].
#[must_use]
pub fn latency_tail(compared: Compared<'_>, rule: &Rule, quantile: f64, thresholds: Thresholds) -> Evaluation {
    let over = Share::of_requests(|sums| (sums.over_limit, sums.answered()));
    absolute(
        compared,
        rule,
        over,
        1.0 - quantile,
        &format!("the canary's share of answers slower than {}", milliseconds(thresholds.limit_us)),
    )
}

/// The canary may have at most `margin` (0.05: five percentage points) more answers slower than
/// [`Thresholds::reference_us`] than control. Where both are equally slow there is nothing to object to.
#[must_use]
pub fn latency_tail_against_control(compared: Compared<'_>, rule: &Rule, margin: f64, thresholds: Thresholds) -> Evaluation {
    let over = Share::of_requests(|sums| (sums.over_reference, sums.answered()));
    let subject = format!("the canary's share of answers slower than {} less control's", milliseconds(thresholds.reference_us));
    relative(compared, rule, over, margin, &subject)
}

/// The canary's mean latency must not be above `limit_ms`.
#[must_use]
pub fn latency_mean(compared: Compared<'_>, rule: &Rule, limit_ms: f64) -> Evaluation {
    let mut numbers = common(compared, rule);
    if !(limit_ms > 0.0 && limit_ms.is_finite()) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable limit: it must be above zero");
    }
    let (canary, control) = (mean_of(compared.canary), compared.control_cohort().and_then(mean_of));
    put_values(&mut numbers, canary.as_ref(), control.as_ref(), US_TO_MS);
    let harm = canary.map(|canary| in_milliseconds(Contrast::from(canary)));
    let question = Question { subject: "the canary's mean latency", shown: Shown::Milliseconds, harm, limit: limit_ms };
    let judged = question.judge(compared, rule, numbers);
    let Some(control) = control.filter(|control| control.value * US_TO_MS > limit_ms) else { return judged };
    let worse = canary.map(|canary| Contrast::difference(&canary, &control, 1.0).into());
    unless_shared(judged, (compared.control_name(), Shown::Milliseconds.show(control.value * US_TO_MS)), worse, rule)
}

fn mean_of(cohort: &Cohort) -> Option<Ratio> {
    Ratio::of(cohort.buckets().iter().map(|sums| (sums.latency_us, sums.answered())))
}

/// The canary's mean latency may be at most `margin` (0.2: a fifth) above control's.
#[must_use]
pub fn latency_mean_against_control(compared: Compared<'_>, rule: &Rule, margin: f64) -> Evaluation {
    let mut numbers = common(compared, rule);
    if !(margin >= 0.0 && margin.is_finite()) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable margin: it must not be negative");
    }
    let (canary, control) = (mean_of(compared.canary), compared.control_cohort().and_then(mean_of));
    put_values(&mut numbers, canary.as_ref(), control.as_ref(), US_TO_MS);
    numbers.put("margin", margin);
    let harm = canary.zip(control).map(|(canary, control)| in_milliseconds(Contrast::difference(&canary, &control, 1.0 + margin)));
    let subject = format!("the canary's mean latency less {} of control's", Shown::Share.show(1.0 + margin));
    Question { subject: &subject, shown: Shown::Milliseconds, harm, limit: 0.0 }.judge(compared, rule, numbers)
}

fn in_milliseconds(contrast: Contrast) -> Harm {
    Contrast { estimate: contrast.estimate * US_TO_MS, variance: contrast.variance * US_TO_MS * US_TO_MS, ..contrast }.into()
}

fn milliseconds(microseconds: u64) -> String {
    Shown::Milliseconds.show(microseconds as f64 * US_TO_MS)
}
