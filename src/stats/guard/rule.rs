//! What is common to guards: how sure they must be, how much they must have seen, and the comparison of a bound with a limit.

use std::fmt;

use super::Compared;
use super::evaluation::{Evaluation, Numbers, Shown, Verdict};
use super::harm::Harm;
use super::refusals::refused_with;
use crate::stats::cohort::Cohort;
use crate::stats::ratio::Ratio;
use crate::stats::sums::Sums;

/// What each cohort must have before a guard may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minimum {
    pub requests: u64,
    pub units: u64,
}

/// How sure a guard must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The chance of a false failure that one guard may have in one stage.
    pub alpha: f64,
    /// The chance of a false pass. Larger: passing is only a step to the next stage, where the guards go on.
    pub pass_alpha: f64,
    /// The requests of both cohorts at which bounds are tightest. Not to be changed within a window.
    pub planned_requests: f64,
    pub minimum: Minimum,
}

impl Rule {
    /// The rule of a guard that gets `part` of the false failures allowed to a canary of so many stages, `alpha` in all.
    #[must_use]
    pub fn sharing(alpha: f64, part: f64, stages: usize) -> Self {
        Self {
            alpha: alpha * part / stages.max(1) as f64,
            pass_alpha: 0.05,
            planned_requests: 5_000.0,
            minimum: Minimum { requests: 200, units: 30 },
        }
    }

    /// Says what is missing for a pass, if anything is.
    pub(super) fn missing(&self, compared: Compared<'_>) -> Option<String> {
        let Minimum { requests, units } = self.minimum;
        let canary = Seen::of(compared.canary);
        let control = compared.control.map(|control| (Seen::of(control.cohort), control.name));
        // Not less than one: of nothing there is no pass, whatever the minimum says.
        let enough = |seen: Seen| seen.requests >= requests.max(1) && seen.units >= units.max(1) as f64;
        let demand = format!("a pass needs {requests} requests by {units} units");
        match control {
            Some((control, name)) if !enough(canary) || !enough(control) => {
                Some(format!("{demand} in each cohort; the canary has {canary}, {name} has {control}"))
            }
            None if !enough(canary) => Some(format!("{demand}; the canary has {canary}")),
            _ => None,
        }
    }
}

/// A harm to be held against a limit.
pub(super) struct Question<'a> {
    /// What the estimate is of, as the beginning of a sentence.
    pub(super) subject: &'a str,
    pub(super) shown: Shown,
    /// None if one of the cohorts has too little traffic for an estimate.
    pub(super) harm: Option<Harm>,
    /// A finite number.
    pub(super) limit: f64,
}

impl Question<'_> {
    pub(super) fn judge(&self, compared: Compared<'_>, rule: &Rule, numbers: Numbers) -> Evaluation {
        self.decide(rule, rule.missing(compared), numbers)
    }

    /// `missing` is what is not there that a pass would take.
    pub(super) fn decide(&self, rule: &Rule, missing: Option<String>, mut numbers: Numbers) -> Evaluation {
        numbers.put("limit", self.limit);
        let Some(harm) = self.harm else {
            let missing = missing.unwrap_or_else(|| "there are answers from too few units to compare".to_owned());
            return numbers.conclude(Verdict::Inconclusive, missing);
        };
        let Some((lower, upper)) = harm.bounds(rule) else {
            return numbers.conclude(Verdict::Inconclusive, "the guard's levels or the spread of its data allow no bound");
        };
        let unknown = upper.is_infinite();
        let [lower, upper] = [lower, upper].map(|bound| self.shown.within_range(bound));
        numbers.put("estimate", harm.estimate());
        numbers.put("lower", lower);
        numbers.put("upper", upper);
        let [low, high, limit, estimate] = [lower, upper, self.limit, harm.estimate()].map(|value| self.shown.show(value));
        let (subject, bound) = (self.subject, self.shown.bound());
        if lower > self.limit {
            return numbers
                .conclude(Verdict::Fail, format!("{subject} is at least {low}, above the {bound} of {limit} (estimate {estimate})"));
        }
        if let Some(missing) = missing {
            return numbers.conclude(Verdict::Inconclusive, missing);
        }
        if upper < self.limit {
            return numbers
                .conclude(Verdict::Pass, format!("{subject} is at most {high}, within the {bound} of {limit} (estimate {estimate})"));
        }
        if unknown {
            return numbers
                .conclude(Verdict::Inconclusive, format!("{subject} is estimated as {estimate}, by too few units to say how surely"));
        }
        let needed = harm.clean_units_needed(rule, self.limit);
        let more = needed.map_or_else(String::new, |units| format!("; about {units} more clean users are needed"));
        if let Some(units) = needed {
            numbers.put("clean_units_needed", units as f64);
        }
        let reason = format!(
            "{subject} is estimated as {estimate} and may be as high as {high}: not yet sure to be within the {bound} of {limit}{more}"
        );
        numbers.conclude(Verdict::Inconclusive, reason)
    }
}

/// An absolute limit that control is beyond as well, with this value, is not the canary's failure unless the canary is surely
/// worse still: `worse` is above zero then.
pub(super) fn unless_shared(judged: Evaluation, (name, value): (&str, String), worse: Option<Harm>, rule: &Rule) -> Evaluation {
    let alone = worse.and_then(|worse| worse.bounds(rule)).is_some_and(|(lower, _)| lower > 0.0);
    if alone || judged.verdict != Verdict::Fail {
        return judged;
    }
    let reason = format!("{}; {name}'s is above it too ({value}), and what both have is not held against the canary", judged.reason);
    Evaluation { verdict: Verdict::Inconclusive, reason, ..judged }
}

/// How much there is of a cohort.
#[derive(Clone, Copy)]
struct Seen {
    requests: u64,
    units: f64,
    refused: Sums,
}

impl Seen {
    fn of(cohort: &Cohort) -> Self {
        Self { requests: cohort.requests(), units: cohort.units().estimate().units.round(), refused: cohort.totals() }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} requests by {} units", self.requests, self.units)?;
        match refused_with(&self.refused) {
            Some(with) => write!(formatter, " and {} refused with {with}", self.refused.all_refused()),
            None => Ok(()),
        }
    }
}

/// The numbers every evaluation carries.
pub(super) fn common(compared: Compared<'_>, rule: &Rule) -> Numbers {
    let mut numbers = Numbers::default();
    numbers.put("alpha", rule.alpha);
    numbers.put("pass_alpha", rule.pass_alpha);
    let control = compared.control_cohort().map(|control| ("control_requests", "control_units", control));
    for (requests, units, cohort) in std::iter::once(("requests", "units", compared.canary)).chain(control) {
        let seen = Seen::of(cohort);
        numbers.put(requests, seen.requests as f64);
        numbers.put(units, seen.units);
    }
    numbers
}

/// Both sides' values, and how much of the canary hangs on its heaviest bucket: above a tenth, single units decide.
pub(super) fn put_values(numbers: &mut Numbers, canary: Option<&Ratio>, control: Option<&Ratio>, scale: f64) {
    if let Some(canary) = canary {
        numbers.put("canary", canary.value * scale);
        numbers.put("largest_bucket_share", canary.largest_share);
    }
    if let Some(control) = control {
        numbers.put("control", control.value * scale);
    }
}
