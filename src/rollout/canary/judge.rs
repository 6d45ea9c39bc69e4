//! What the evidence says about a stage, taken together.

use super::judgement::{Judgement, found};
use super::shadow::compared;
use super::{Canary, Phase, State};
use crate::rollout::{CohortNumbers, Evidence, Guard, Level, Measurement, Rule, Share, Verdict};
use crate::routing::Anonymous;

impl Canary {
    /// Keeps the numbers of this tick, if they belong to the current window, and judges them.
    pub(super) fn judge(&mut self, evidence: &Evidence) -> Judgement {
        let measurement = match &evidence.measured {
            Err(reason) => return Judgement::Unmeasured(format!("the guards could not be judged: {reason}")),
            Ok(measurement) if measurement.window != self.step.window => return Judgement::NotYet,
            Ok(measurement) => measurement.clone().keepable(),
        };
        let judgement = self.verdict(&measurement);
        if self.shadow().is_some() {
            self.compared = measurement.comparison;
            self.compared_in = Some(self.step.window);
        }
        self.measured = Some(measurement);
        judgement
    }

    fn verdict(&self, measurement: &Measurement) -> Judgement {
        if let Some(shadow) = self.shadow() {
            return compared(shadow, measurement);
        }
        let guards = if self.state == State::Watching { &self.plan.spec().guards } else { self.plan.guards(self.stage) };
        let cold = !matches!(self.step.phase, Phase::Measuring);
        for (level, judgement) in [(Level::Guard, Judgement::Failing as fn(String) -> _), (Level::Signal, Judgement::Signalling)] {
            let heard = guards.iter().filter(|guard| guard.level == level && (!cold || heard_while_cold(guard)));
            if let Some(failing) = heard.filter_map(|guard| found(guard.name(), measurement)).find(|found| found.verdict == Verdict::Fail) {
                return judgement(format!("`{}` fails: {}", failing.guard, failing.reason));
            }
        }
        if let Some(reason) = self.too_few(measurement) {
            return Judgement::TooFew(reason);
        }
        for guard in guards.iter().filter(|guard| guard.level != Level::DryRun) {
            match found(guard.name(), measurement) {
                Some(found) if found.verdict == Verdict::Pass => {}
                Some(found) => return Judgement::Inconclusive(format!("`{}` is inconclusive: {}", found.guard, found.reason)),
                // A guard without a judgement has not passed.
                None => return Judgement::Inconclusive(format!("`{}` was not judged", guard.name())),
            }
        }
        Judgement::Pass("every guard passes".to_owned())
    }

    /// Why the sample does not suffice. With everything on the canary there is no control to ask for.
    fn too_few(&self, measurement: &Measurement) -> Option<String> {
        let spec = self.plan.spec();
        let short = |cohort: &str, numbers: &CohortNumbers| {
            let enough = numbers.requests >= spec.minimum_requests && numbers.units >= spec.minimum_units;
            // An alias whose applications send no user ids would wait for ever, and nothing else would say why.
            let unseen = numbers.requests == 0 && spec.anonymous == Some(Anonymous::Stable);
            let hint = if unseen { "; only searches with a user id count, unless the plan says `anonymous: random`" } else { "" };
            (!enough).then(|| {
                let refused = numbers.client_error_statuses.as_ref().map(|statuses| refused(numbers, statuses)).unwrap_or_default();
                format!(
                    "the {cohort} has {} of {} requests and {} of {} units{refused}{hint}",
                    numbers.requests, spec.minimum_requests, numbers.units, spec.minimum_units
                )
            })
        };
        let control = || if self.share == Share::FULL { None } else { short("control", &measurement.control) };
        short("canary", &measurement.canary).or_else(control)
    }
}

/// What is not among the requests, and may be why there are so few.
fn refused(numbers: &CohortNumbers, statuses: &str) -> String {
    let (count, others) = (numbers.client_errors, numbers.requests);
    match others {
        0 => format!(": all its {count} answers were refused with {statuses}"),
        _ => format!("; {count} more answers were refused with {statuses}"),
    }
}

/// Cold caches are slow and may be empty-handed, but they are no excuse for errors, nor for refusing.
fn heard_while_cold(guard: &Guard) -> bool {
    matches!(guard.rule, Rule::ErrorRate { .. } | Rule::ClientErrors { .. })
}
