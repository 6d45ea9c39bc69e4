//! The comparison before the first stage. It is held, left and broken off as a stage is, but no user is served by the canary
//! yet: its share stays zero, and there is nothing to undo.

use super::judgement::{Judgement, found};
use super::stage::Step;
use super::{By, Canary, Notice, PauseReason, Phase, State};
use crate::rollout::{Measurement, ShadowStage, Timestamp, Verdict};

impl Canary {
    /// The comparison that is under way, also where it stands still.
    #[must_use]
    pub fn shadow(&self) -> Option<&ShadowStage> {
        let under_way = self.step.shadow && matches!(self.state, State::Shadowing | State::Paused { .. });
        self.plan.spec().shadow.as_ref().filter(|_| under_way)
    }

    /// The comparison whose reads are mirrored now. As a share stays in a pause so does this, unless the kill switch took it.
    #[must_use]
    pub fn mirrored(&self) -> Option<&ShadowStage> {
        self.shadow().filter(|_| self.state != State::Paused { because: PauseReason::KillSwitch })
    }

    /// Whether the comparison is under way, or still to come.
    #[must_use]
    pub fn will_mirror(&self) -> bool {
        let to_come = matches!(self.state, State::Scheduled | State::Initializing) && self.plan.spec().shadow.is_some();
        to_come || self.shadow().is_some()
    }

    pub(super) fn enter_shadow(&mut self, now: Timestamp, by: &By) {
        self.step = Step { window: self.step.window, shadow: true, ..Step::default() };
        self.begin_mirroring(now);
        self.enter(now, State::Shadowing, by);
        self.notify(now, Notice::StageChanged, format!("the shadow comparison: {}", by.reason));
    }

    /// Under a new window. There is no share to set, so all that is waited for is that every replica mirrors.
    pub(super) fn begin_mirroring(&mut self, now: Timestamp) {
        self.step.phase = Phase::Applying { since: now };
        self.start_window(now);
    }

    /// What a canary that is held goes on as.
    pub(super) fn going(&self) -> State {
        if self.step.shadow { State::Shadowing } else { State::Stepping }
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        if self.step.shadow {
            "the shadow comparison".to_owned()
        } else {
            format!("stage {} of {}", self.stage + 1, self.plan.stages().len())
        }
    }
}

/// What the evidence says about a comparison. A limit that is certainly broken is heard at once, however little was seen.
pub(super) fn compared(shadow: &ShadowStage, measurement: &Measurement) -> Judgement {
    let verdicts = || shadow.limits().map(|limit| (limit.name(), found(limit.name(), measurement)));
    let broken = verdicts().filter_map(|(_, found)| found).find(|found| found.verdict == Verdict::Fail);
    if let Some(broken) = broken {
        return Judgement::Failing(format!("`{}` is broken: {}", broken.guard, broken.reason));
    }
    let compared = measurement.comparison.map_or(0, |numbers| numbers.compared);
    if compared < shadow.minimum_comparisons {
        return Judgement::TooFew(format!("{compared} of {} answers have been compared", shadow.minimum_comparisons));
    }
    for (limit, found) in verdicts() {
        match found {
            Some(found) if found.verdict == Verdict::Pass => {}
            Some(found) => return Judgement::Inconclusive(format!("`{limit}` is inconclusive: {}", found.reason)),
            // A limit without a judgement has not passed.
            None => return Judgement::Inconclusive(format!("`{limit}` was not judged")),
        }
    }
    Judgement::Pass("every limit of the comparison holds".to_owned())
}
