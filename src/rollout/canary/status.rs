//! What an operator sees of a canary.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Canary, History, PauseReason, Pending, Phase, State};
use crate::rollout::loss::Loss;
use crate::rollout::time::millis;
use crate::rollout::{CohortNumbers, ComparisonNumbers, Evaluation, Timestamp};

/// Features 22 and 57, in units that are named.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CanaryStatus<'c> {
    pub id: &'c str,
    pub alias: &'c str,
    pub collection: &'c str,
    /// The collection the way back leads to.
    pub stable: Option<&'c str>,
    pub state: &'static str,
    pub paused_because: Option<PauseReason>,
    /// Zero-based.
    pub current_stage: usize,
    pub stages: usize,
    /// What is commanded; 100 once the alias itself has moved.
    pub current_percentage: f64,
    pub phase: Phase,
    pub window: u64,
    pub canary: CohortNumbers,
    pub control: CohortNumbers,
    /// Where the plan has a comparison before the first stage.
    pub shadow: Option<ShadowStatus>,
    pub verdicts: &'c [Evaluation],
    /// Of the stage or the watch, as long as it is watched.
    pub time_left_ms: Option<u64>,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    /// The writes that the promotion leaves behind in the old collection, as far as they are counted.
    pub lost_if_promoted: Option<&'c Loss>,
    /// The writes that going back leaves behind in the new collection, once the alias was about to move.
    pub lost_if_rolled_back: Option<&'c Loss>,
    /// The promotion may lose writes: the plan or an operator has said so.
    pub accepts_lost_writes: bool,
    pub warnings: Vec<String>,
    /// Effects that are not done yet, with their last error.
    pub pending: &'c [Pending],
    pub history: &'c History,
}

/// How the comparison before the first stage stands, or what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ShadowStatus {
    pub under_way: bool,
    #[serde(flatten)]
    pub numbers: ComparisonNumbers,
}

impl Canary {
    #[must_use]
    pub fn status(&self) -> CanaryStatus<'_> {
        // Numbers of a stage before this one would be taken for this one's.
        let measured = self.measured.as_ref().filter(|measured| measured.window == self.step.window);
        CanaryStatus {
            id: &self.id,
            alias: &self.plan.spec().alias,
            collection: &self.plan.spec().collection,
            stable: self.stable(),
            state: self.state.name(),
            paused_because: if let State::Paused { because } = self.state { Some(because) } else { None },
            current_stage: self.stage,
            stages: self.plan.stages().len(),
            current_percentage: self.current_percentage(),
            phase: self.step.phase,
            window: self.step.window,
            canary: measured.map(|measured| measured.canary.clone()).unwrap_or_default(),
            control: measured.map(|measured| measured.control.clone()).unwrap_or_default(),
            shadow: self.plan.spec().shadow.as_ref().map(|_| self.shadow_status()),
            verdicts: measured.map_or(&[], |measured| &measured.evaluations),
            time_left_ms: self.time_left(),
            created: self.created,
            started: self.started,
            lost_if_promoted: self.stakes.ahead_loss.as_ref(),
            lost_if_rolled_back: self.stakes.back_loss.as_ref(),
            accepts_lost_writes: self.accepts_lost_writes(),
            warnings: self.warnings(),
            pending: self.outbox.pending(),
            history: &self.history,
        }
    }

    fn shadow_status(&self) -> ShadowStatus {
        ShadowStatus { under_way: self.shadow().is_some(), numbers: self.compared.unwrap_or_default() }
    }

    fn current_percentage(&self) -> f64 {
        match self.state {
            State::Watching | State::Completed => 100.0,
            _ => self.share.percentage(),
        }
    }

    fn time_left(&self) -> Option<u64> {
        let whole = match self.state {
            State::Shadowing | State::Stepping | State::Paused { .. } => self.duration(),
            State::Watching => self.plan.spec().watch,
            _ => return None,
        };
        Some(millis(whole.get()).saturating_sub(self.step.elapsed))
    }

    fn warnings(&self) -> Vec<String> {
        let warnings = [
            (self.step.lagging, "a live replica has not applied the current share"),
            (self.overdue && !self.state.is_terminal(), "the deadline has passed"),
            (self.killed, "the kill switch is on"),
        ];
        let said = warnings.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text.to_owned());
        let said = said.chain(self.uncompared.iter().filter(|_| !self.state.is_terminal()).cloned());
        said.chain(self.warnings_of_loss())
            .chain(self.frozen.iter().filter(|_| !self.state.is_terminal()).map(|freeze| format!("nothing is promoted: {freeze}")))
            .collect()
    }
}
