//! What is common to guards: how sure they must be, and how much they must have seen.

use std::fmt;

use super::Compared;
use super::evaluation::Numbers;
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
        match self.refused.refused_with() {
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
