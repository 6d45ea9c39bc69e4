//! How good the best hits are, by their scores. For metrics in which more is better; of what a score means only that is
//! known here, so two cohorts can be compared only if their scores come from the same kind of vectors.

use super::Compared;
use super::evaluation::{Evaluation, Shown, Verdict};
use super::harm::Harm;
use super::question::{Question, unless_shared};
use super::rule::{Rule, common, put_values};
use crate::stats::cohort::Cohort;
use crate::stats::ratio::{Contrast, Ratio};

const MILLIONTHS: f64 = 1e-6;

/// Best hits in each cohort that is judged, before anything is said. A score has no natural spread: a handful of equal ones
/// would look like certainty.
const FEWEST: u64 = 50;

/// The mean score of the canary's best hits must not be below `minimum`.
#[must_use]
pub fn top_score(compared: Compared<'_>, rule: &Rule, minimum: f64) -> Evaluation {
    let mut numbers = common(compared, rule);
    let (canary, control) = (mean_of(compared.canary), compared.control_cohort().and_then(mean_of));
    put_values(&mut numbers, canary.as_ref(), control.as_ref(), MILLIONTHS);
    numbers.put("minimum", minimum);
    numbers.put("scored", scored(compared.canary) as f64);
    if !minimum.is_finite() {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable minimum: it must be a finite number");
    }
    if let Some(few) = too_few(&[("the canary", compared.canary)]) {
        return numbers.conclude(Verdict::Inconclusive, few);
    }
    let harm = canary.map(|canary| in_scores(Contrast { estimate: minimum / MILLIONTHS - canary.value, ..Contrast::from(canary) }));
    let subject = format!("how far the canary's mean top score is below {}", Shown::Score.show(minimum));
    let judged = Question { subject: &subject, shown: Shown::Score, harm, limit: 0.0 }.judge(compared, rule, numbers);
    let Some(control) = control.filter(|control| control.value * MILLIONTHS < minimum) else { return judged };
    let worse = canary.map(|canary| Contrast::difference(&control, &canary, 1.0).into());
    unless_shared(judged, (compared.control_name(), Shown::Score.show(minimum - control.value * MILLIONTHS)), worse, rule)
}

/// The mean score of the canary's best hits may be at most `margin` below control's.
#[must_use]
pub fn top_score_against_control(compared: Compared<'_>, rule: &Rule, margin: f64) -> Evaluation {
    let mut numbers = common(compared, rule);
    let (canary, control) = (mean_of(compared.canary), compared.control_cohort().and_then(mean_of));
    put_values(&mut numbers, canary.as_ref(), control.as_ref(), MILLIONTHS);
    numbers.put("scored", scored(compared.canary) as f64);
    numbers.put("control_scored", compared.control_cohort().map_or(f64::NAN, |control| scored(control) as f64));
    if !(margin >= 0.0 && margin.is_finite()) {
        return numbers.conclude(Verdict::Inconclusive, "the guard has no usable margin: it must not be negative");
    }
    let both = [Some(("the canary", compared.canary)), compared.control.map(|control| (control.name, control.cohort))];
    if let Some(few) = too_few(&both.into_iter().flatten().collect::<Vec<_>>()) {
        return numbers.conclude(Verdict::Inconclusive, few);
    }
    let harm = canary.zip(control).map(|(canary, control)| in_scores(Contrast::difference(&control, &canary, 1.0)));
    let subject = "how far the canary's mean top score is below control's";
    Question { subject, shown: Shown::Score, harm, limit: margin }.judge(compared, rule, numbers)
}

fn mean_of(cohort: &Cohort) -> Option<Ratio> {
    Ratio::of_sums(cohort.buckets().iter().map(|sums| (sums.top_score as f64, sums.scored as f64)))
}

fn scored(cohort: &Cohort) -> u64 {
    cohort.totals().scored
}

fn too_few(cohorts: &[(&str, &Cohort)]) -> Option<String> {
    let (name, cohort) = cohorts.iter().min_by_key(|(_, cohort)| scored(cohort))?;
    let found = scored(cohort);
    (found < FEWEST).then(|| format!("{name} has scores of {found} answers that were looked at; {FEWEST} are needed"))
}

fn in_scores(contrast: Contrast) -> Harm {
    Contrast { estimate: contrast.estimate * MILLIONTHS, variance: contrast.variance * MILLIONTHS * MILLIONTHS, ..contrast }.into()
}
