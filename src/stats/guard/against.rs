//! Events by unit against control: whether the canary has more of them than chance allows, and by more than is tolerated.
//!
//! A failure takes both. The split of units is exact from the first event on, for any behaviour of clients: a
//! canary like control is never failed by a burst of theirs. The bound of the difference says that it is beyond the margin.

use super::Compared;
use super::evaluation::{Evaluation, Numbers, Shown, Verdict};
use super::harm::Harm;
use super::question::Question;
use super::rule::Rule;
use crate::stats::cohort::Cohort;
use crate::stats::event_split::{EventSplit, p_value};
use crate::stats::unit_set::UnitSet;

/// How many standard errors control is given for units that share a cell.
const LEAN: f64 = 3.0;

/// What a canary may be worse than control by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgainstControl {
    /// The canary's part of the compared units, by slots: 0.5 with an equal control cohort. Not the part that was seen.
    pub canary_share: f64,
    /// The difference that is tolerated, as a fraction. A failure takes a difference that is surely larger, a pass one that is
    /// surely smaller. With zero any excess fails.
    pub margin: f64,
}

impl Default for AgainstControl {
    fn default() -> Self {
        Self { canary_share: 0.5, margin: 0.02 }
    }
}

/// Something that happens to units.
pub(super) struct Events<'a> {
    pub(super) units: fn(&Cohort) -> &UnitSet,
    /// As in "units with ...".
    pub(super) what: &'a str,
    /// The names of how many units of the canary, and of control, it happened to.
    pub(super) names: [&'a str; 2],
    /// What the difference is of, as the beginning of a sentence, and the difference.
    pub(super) subject: &'a str,
    pub(super) harm: Option<Harm>,
    /// The multiple of control's odds of it that is no evidence; 1 for none.
    pub(super) tolerated_odds: f64,
}

impl Events<'_> {
    pub(super) fn judge(&self, compared: Compared<'_>, rule: &Rule, parameters: AgainstControl, mut numbers: Numbers) -> Evaluation {
        let AgainstControl { canary_share, margin } = parameters;
        let proper = (0.0..1.0).contains(&margin) && rule.alpha > 0.0 && rule.alpha < 1.0;
        let Some(split) = EventSplit::new(canary_share, self.tolerated_odds).filter(|_| proper) else {
            return numbers.conclude(Verdict::Inconclusive, "the guard's share, margin or level is out of range");
        };
        let Some(control) = compared.control_cohort() else {
            return numbers.conclude(Verdict::Inconclusive, "there is no control to compare with");
        };
        let (canary, control) = (at_least((self.units)(compared.canary)), at_most((self.units)(control)));
        let ln_e = split.ln_e_value(canary, control);
        let counts = [canary, control].map(|units| units as f64);
        for (name, value) in self.names.into_iter().zip(counts) {
            numbers.put(name, value);
        }
        for (name, value) in [("ln_e_value", ln_e), ("e_value", ln_e.exp()), ("p_value", p_value(ln_e))] {
            numbers.put(name, value);
        }
        let question = Question { subject: self.subject, shown: Shown::Points, harm: self.harm, limit: margin };
        let judged = question.judge(compared, rule, numbers);
        let proven = ln_e >= -rule.alpha.ln();
        match judged.verdict {
            _ if proven && margin == 0.0 => {
                Evaluation { verdict: Verdict::Fail, reason: self.split(canary, control, parameters, ln_e), ..judged }
            }
            Verdict::Fail if proven => {
                let reason = format!("{}; {}", self.split(canary, control, parameters, ln_e), judged.reason);
                Evaluation { reason, ..judged }
            }
            Verdict::Fail => {
                let what = self.what;
                let reason = format!(
                    "{}, but it may still be chance which of the {} units with {what} are the canary's",
                    judged.reason,
                    canary + control
                );
                Evaluation { verdict: Verdict::Inconclusive, reason, ..judged }
            }
            _ => judged,
        }
    }

    fn split(&self, canary: u64, control: u64, AgainstControl { canary_share, .. }: AgainstControl, ln_e: f64) -> String {
        let (all, what) = (canary + control, self.what);
        let expected = all as f64 * canary_share;
        let chance = p_value(ln_e);
        let chance = if chance < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {chance:.4}") };
        format!("{canary} of the {all} units with {what} are the canary's, where its share of units would make {expected:.1} ({chance})")
    }
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
