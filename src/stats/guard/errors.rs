//! Failed requests: how many there may be at all, and whether the canary has more of them than chance allows.

use super::evaluation::{Evaluation, Numbers, Shown, Verdict};
use super::rule::{Question, Rule, common, put_values};
use super::{Compared, shares};
use crate::stats::event_split::{EventSplit, p_value};
use crate::stats::ratio::Contrast;
use crate::stats::sums::Sums;
use crate::stats::unit_set::UnitSet;

/// How many standard errors control is given for units that share a cell.
const LEAN: f64 = 3.0;

/// What the canary's errors are compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorsAgainstControl {
    /// The canary's part of the compared units, by slots: 0.5 with an equal control cohort. Not the part that was seen.
    pub canary_share: f64,
    /// The multiple of control's odds of an error that is still accepted; 1 for none.
    pub tolerated_odds: f64,
    /// How much higher the canary's error rate may possibly be when the guard passes, as a fraction of requests.
    pub margin: f64,
}

impl Default for ErrorsAgainstControl {
    fn default() -> Self {
        Self { canary_share: 0.5, tolerated_odds: 1.0, margin: 0.02 }
    }
}

fn failed(sums: &Sums) -> (u64, u64) {
    (sums.errors, sums.requests)
}

/// At most `limit` of the canary's requests may fail.
#[must_use]
pub fn error_rate(compared: Compared<'_>, rule: &Rule, limit: f64) -> Evaluation {
    shares::absolute(compared, rule, failed, limit, "the canary's error rate")
}

/// The canary must not have more units with an error than its share explains. Exact from the first event on, so a failure
/// needs no minimum. Where errors are rare that test can hardly clear a canary; a pass comes from the error rates instead,
/// when they surely differ by less than the margin.
#[must_use]
pub fn errors_against_control(compared: Compared<'_>, rule: &Rule, parameters: ErrorsAgainstControl) -> Evaluation {
    let ErrorsAgainstControl { canary_share, tolerated_odds, margin } = parameters;
    let mut numbers = common(compared, rule);
    let proper = (0.0..1.0).contains(&margin) && rule.alpha > 0.0 && rule.alpha < 1.0;
    let Some(split) = EventSplit::new(canary_share, tolerated_odds).filter(|_| proper) else {
        return numbers.conclude(Verdict::Inconclusive, "the guard's share, tolerance, margin or level is out of range");
    };
    let (canary, control) = (at_least(compared.canary.units_with_error()), at_most(compared.control.units_with_error()));
    let ln_e = split.ln_e_value(canary, control);
    put_evidence(&mut numbers, canary, control, ln_e);
    let [in_canary, in_control] = [compared.canary, compared.control].map(|cohort| shares::share_of(cohort, failed));
    put_values(&mut numbers, in_canary.as_ref(), in_control.as_ref(), 1.0);
    if ln_e >= -rule.alpha.ln() {
        let expected = (canary + control) as f64 * canary_share;
        let chance = p_value(ln_e);
        let reason = format!(
            "{canary} of the {} units with an error are the canary's, where its share of units would make {expected:.1} (chance at most {chance:.1e})",
            canary + control
        );
        return numbers.conclude(Verdict::Fail, reason);
    }
    let harm = in_canary.zip(in_control).map(|(canary, control)| Contrast::difference(&canary, &control, 1.0));
    let within = Question { subject: "the canary's error rate less control's", shown: Shown::Points, harm, limit: margin };
    // The margin clears a canary and never condemns it: two tests that could would need two alphas.
    match within.judge(compared, rule, numbers) {
        Evaluation { verdict: Verdict::Fail, numbers, reason } => Evaluation { verdict: Verdict::Inconclusive, numbers, reason },
        judged => judged,
    }
}

fn put_evidence(numbers: &mut Numbers, canary: u64, control: u64, ln_e: f64) {
    numbers.put("canary_units_with_error", canary as f64);
    numbers.put("control_units_with_error", control as f64);
    numbers.put("ln_e_value", ln_e);
    numbers.put("e_value", ln_e.exp());
    numbers.put("p_value", p_value(ln_e));
}

/// Units may share a cell, in the larger cohort more often, which would look like harm. So the canary's units are counted
/// low and control's high.
fn at_least(units: &UnitSet) -> u64 {
    u64::from(units.occupied())
}

fn at_most(units: &UnitSet) -> u64 {
    let estimate = units.estimate();
    (estimate.units + LEAN * estimate.standard_error).round() as u64
}
