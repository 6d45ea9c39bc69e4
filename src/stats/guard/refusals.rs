//! Refused requests: answers with a 4xx whose fault is not known. Clients ask wrongly, and collections refuse
//! what others serve (an index that is missing, a key that may not read); only a comparison tells.

use super::Compared;
use super::against::{AgainstControl, Events};
use super::evaluation::{Evaluation, Numbers};
use super::harm::Harm;
use super::rule::{Rule, common};
use super::shares::{Share, absolute};
use crate::stats::cohort::Cohort;
use crate::stats::ratio::Contrast;
use crate::stats::trials::{Excess, Trials};

/// So many units with a refused request, and without, in each cohort are enough for a normal bound.
const MANY: f64 = 20.0;

/// At most `limit` of the canary's requests may be refused. For where there is no control.
#[must_use]
pub fn client_errors(compared: Compared<'_>, rule: &Rule, limit: f64) -> Evaluation {
    let refused = Share::of_all_asked(|sums| (sums.refused, sums.asked()));
    said(compared, absolute(compared, rule, refused, limit, "the share of the canary's requests that are refused (4xx)"))
}

/// The share of the canary's units with a refused request must not be above control's by more than the margin, and a failure
/// takes more of these units than the canary's share explains.
///
/// By unit: a client that asks wrongly does so again and again, and is one client.
#[must_use]
pub fn client_errors_against_control(compared: Compared<'_>, rule: &Rule, parameters: AgainstControl) -> Evaluation {
    let mut numbers = common(compared, rule);
    let canary = trials(compared.canary);
    let control = compared.control_cohort().map(trials);
    put(&mut numbers, ["canary", "refused"], compared.canary, canary);
    if let Some((cohort, trials)) = compared.control_cohort().zip(control) {
        put(&mut numbers, ["control", "control_refused"], cohort, trials);
    }
    let known = control.filter(|control| canary.count > 0.0 && control.count > 0.0);
    let subject = format!("the share of the canary's units with a refused request (4xx) less {}'s", compared.control_name());
    let events = Events {
        units: Cohort::units_refused,
        what: "a refused request (4xx)",
        names: ["canary_units_refused", "control_units_refused"],
        subject: &subject,
        harm: known.map(|control| excess(canary, control)),
        tolerated_odds: 1.0,
    };
    said(compared, events.judge(compared, rule, parameters, numbers))
}

/// Each unit is one trial: it was refused something, or nothing.
fn trials(cohort: &Cohort) -> Trials {
    let count = cohort.units_asking().estimate().units;
    Trials { count, events: cohort.units_refused().estimate().units.min(count) }
}

/// Exact where there are few of either kind, and else by the normal bound that is closer.
fn excess(canary: Trials, control: Trials) -> Harm {
    let many = |trials: Trials| trials.events.min(trials.count - trials.events) >= MANY;
    if many(canary) && many(control) {
        let variance = |trials: Trials| trials.share() * (1.0 - trials.share()) / trials.count;
        let sample = canary.count + control.count;
        return Harm::Spread(Contrast {
            estimate: canary.share() - control.share(),
            variance: variance(canary) + variance(control),
            degrees: sample - 2.0,
            sample,
        });
    }
    let excess = Excess { canary, control: Some((control, 1.0)) };
    Harm::Few { from_below: excess, from_above: excess }
}

fn put(numbers: &mut Numbers, [share, refused]: [&str; 2], cohort: &Cohort, trials: Trials) {
    if trials.count > 0.0 {
        numbers.put(share, trials.share());
    }
    numbers.put(refused, cohort.totals().refused as f64);
}

/// With how the canary's requests are refused.
fn said(compared: Compared<'_>, judged: Evaluation) -> Evaluation {
    match compared.canary.totals().refused_with() {
        Some(with) => Evaluation { reason: format!("{} (the canary's are refused with {with})", judged.reason), ..judged },
        None => judged,
    }
}
