//! Every fault of a spec, each with its field and the index of its stage.

use super::{CanarySpec, Guard, Stage, StageSpec};
use crate::config::Period;
use crate::rollout::Share;
use crate::routing::{SpecFault, check_name};

const MAX_STAGES: usize = 100;
/// Shares come in slots of a millionth.
const GRAIN: f64 = 0.0001;
/// Nothing a plan says may take longer: sums of lengths must stay far from the end of a `u64`.
pub(in crate::rollout) const MAX_PERIOD: Period = Period::from_secs(366 * 86_400);
const MINUTE_MS: f64 = 60_000.0;

impl CanarySpec {
    /// The stages, and every fault; the stages mean nothing unless there are none.
    pub(super) fn check(&self) -> (Vec<Stage>, Vec<SpecFault>) {
        let mut faults = Vec::new();
        faults.extend(check_name(&self.alias, "alias"));
        faults.extend(check_name(&self.collection, "collection"));
        if self.upstream.as_ref().is_some_and(String::is_empty) {
            faults.push(SpecFault::new("upstream", "is empty; leave it out for the upstream that holds the alias"));
        }
        let stages = check_stages(&self.stages, self.deployment.is_some(), &mut faults);
        Guard::check_all(&self.guards, "guards", &mut faults);
        self.shadow.iter().for_each(|shadow| shadow.check(&mut faults));
        self.check_lengths(&mut faults);
        if self.minimum_requests == 0 {
            faults.push(SpecFault::new("minimum_requests", "must be at least 1: no data is never a pass"));
        }
        for (index, window) in self.freeze.iter().enumerate() {
            window.check(&format!("freeze[{index}]"), &mut faults);
        }
        (stages, faults)
    }

    fn check_lengths(&self, faults: &mut Vec<SpecFault>) {
        let lengths = [
            ("warm_up", Some(self.warm_up)),
            ("deadline", self.deadline),
            ("check_interval", Some(self.check_interval)),
            ("watch", Some(self.watch)),
            ("retire_old", self.retire_old),
        ];
        for (field, length) in lengths {
            let Some(length) = length else { continue };
            if length > MAX_PERIOD {
                faults.push(SpecFault::new(field, format!("must be at most {MAX_PERIOD}, not {length}")));
            }
            if length.is_zero() && matches!(field, "deadline" | "check_interval") {
                faults.push(SpecFault::new(field, "must be above zero"));
            }
        }
    }
}

/// A deployment's canary may be an alias switch and its watch; any other one that watches nothing before is refused.
fn check_stages(specs: &[StageSpec], bare: bool, faults: &mut Vec<SpecFault>) -> Vec<Stage> {
    if !(1..=MAX_STAGES).contains(&specs.len()) {
        faults.push(SpecFault::new("stages", format!("a canary needs 1 to {MAX_STAGES} stages, this one has {}", specs.len())));
    }
    let mut stages = Vec::with_capacity(specs.len());
    let mut before = None;
    for (index, spec) in specs.iter().enumerate() {
        let at = format!("stages[{index}]");
        let last = index + 1 == specs.len();
        if let Some(percentage) = legal_percentage(spec.percentage, &format!("{at}.percentage"), faults) {
            if let Some(before) = before.filter(|before| percentage <= *before) {
                faults.push(SpecFault::new(format!("{at}.percentage"), format!("must be above that of the stage before, {before}")));
            }
            if last && percentage < 100.0 {
                faults.push(SpecFault::new(format!("{at}.percentage"), format!("the last stage must be 100, not {percentage}")));
            }
            before = Some(percentage);
        }
        let duration = legal_duration(spec, &at, faults);
        if duration.is_some_and(Period::is_zero) && (!last || (index == 0 && !bare)) {
            let reason = if last {
                "a canary that watches nothing is an alias switch: give its only stage a duration, or switch the alias"
            } else {
                "must be above zero; only the last stage may go on at once"
            };
            faults.push(SpecFault::new(format!("{at}.duration"), reason));
        }
        Guard::check_all(spec.guards.as_deref().unwrap_or_default(), &format!("{at}.guards"), faults);
        stages.push(Stage {
            share: Share::from_percentage(spec.percentage.unwrap_or_default()),
            duration: duration.unwrap_or_default(),
            guards: spec.guards.clone(),
            approval: spec.approval,
        });
    }
    stages
}

pub(super) fn legal_percentage(percentage: Option<f64>, field: &str, faults: &mut Vec<SpecFault>) -> Option<f64> {
    let mut refuse = |reason: String| {
        faults.push(SpecFault::new(field, reason));
        None
    };
    let Some(percentage) = percentage else { return refuse("is missing".to_owned()) };
    if !percentage.is_finite() || percentage <= 0.0 || percentage > 100.0 {
        return refuse(format!("must be above 0 and at most 100, not {percentage}"));
    }
    let grains = percentage / GRAIN;
    // The tolerance forgives the binary form of decimal numbers: 0.07 is not quite seven hundred grains.
    if grains.round() < 1.0 || (grains - grains.round()).abs() > 1e-6 {
        return refuse(format!("must be a multiple of {GRAIN}, not {percentage}"));
    }
    Some(percentage)
}

fn legal_duration(spec: &StageSpec, at: &str, faults: &mut Vec<SpecFault>) -> Option<Period> {
    let mut refuse = |field: &str, reason: String| {
        faults.push(SpecFault::new(format!("{at}.{field}"), reason));
        None
    };
    let (field, duration) = match (spec.duration, spec.duration_minutes) {
        (Some(_), Some(_)) => return refuse("duration", "is given twice, also as `duration_minutes`".to_owned()),
        (None, None) => return refuse("duration", "is missing".to_owned()),
        (Some(duration), None) => ("duration", duration),
        (None, Some(minutes)) if minutes.is_finite() && minutes >= 0.0 => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; a cast clamps what is too large")]
            let milliseconds = (minutes * MINUTE_MS).round() as u64;
            ("duration_minutes", Period::from_millis(milliseconds))
        }
        (None, Some(minutes)) => return refuse("duration_minutes", format!("must be a finite number, zero or above, not {minutes}")),
    };
    if duration > MAX_PERIOD { refuse(field, format!("must be at most {MAX_PERIOD}, not {duration}")) } else { Some(duration) }
}
