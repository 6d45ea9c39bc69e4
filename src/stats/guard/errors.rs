//! Failed requests: how many there may be at all, and how many more than in control.

use super::Compared;
use super::against::{AgainstControl, Events};
use super::evaluation::{Evaluation, Shown, Verdict};
use super::rule::{Rule, common, put_values};
use super::shares::{Counted, Share, absolute, shared_factor};
use crate::stats::cohort::Cohort;

/// What is no evidence against the canary while control fails too, as a multiple of control's odds.
const SHARED_ODDS: f64 = 2.0;

fn failed() -> Share {
    Share::of_requests(|sums| (sums.errors, sums.requests))
}

/// At most `limit` of the canary's requests may fail.
#[must_use]
pub fn error_rate(compared: Compared<'_>, rule: &Rule, limit: f64) -> Evaluation {
    absolute(compared, rule, failed(), limit, "the canary's error rate")
}

/// The canary's error rate must not be above control's by more than the margin, and a failure takes more of the units with an
/// error than the canary's share explains.
///
/// While control's own rate is above `limit` both fail, and no difference tells much: an outage that is shared does not begin
/// and end for both at the same instant. Then nothing passes, and the canary is blamed for more than about twice as much alone.
#[must_use]
pub fn errors_against_control(compared: Compared<'_>, rule: &Rule, parameters: AgainstControl, limit: f64) -> Evaluation {
    let mut numbers = common(compared, rule);
    let name = compared.control_name();
    let canary = Counted::of(compared.canary, failed());
    let control = compared.control_cohort().and_then(|control| Counted::of(control, failed()));
    put_values(&mut numbers, canary.map(|canary| canary.ratio).as_ref(), control.map(|control| control.ratio).as_ref(), 1.0);
    let shared = control.map(|control| control.ratio.value).filter(|rate| *rate > limit);
    let factor = shared.map_or(1.0, shared_factor);
    let subject = match shared {
        None => format!("the canary's error rate less {name}'s"),
        Some(_) => format!("the canary's error rate less {} of {name}'s", Shown::Share.show(factor)),
    };
    let events = Events {
        units: Cohort::units_with_error,
        what: "an error",
        names: ["canary_units_with_error", "control_units_with_error"],
        subject: &subject,
        harm: canary.zip(control).map(|(canary, control)| canary.harm(Some((&control, factor)))),
        tolerated_odds: if shared.is_some() { SHARED_ODDS } else { 1.0 },
    };
    let judged = events.judge(compared, rule, parameters, numbers);
    match shared {
        Some(rate) if judged.verdict != Verdict::Fail => {
            let canary =
                canary.map_or_else(String::new, |canary| format!(", as {} of the canary's", Shown::Share.show(canary.ratio.value)));
            let rate = Shown::Share.show(rate);
            let reason = format!("{rate} of {name}'s requests fail{canary}: while both fail, neither is to blame by itself");
            Evaluation { verdict: Verdict::Inconclusive, reason, ..judged }
        }
        _ => judged,
    }
}
