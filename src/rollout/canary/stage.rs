//! A stage from within: setting its share, warming up, measuring; and entering the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{By, Canary, Effect, Endpoint, Notice, State};
use crate::config::Period;
use crate::rollout::time::millis;
use crate::rollout::{Share, Stage, Timestamp};

/// How long a step waits for replicas to apply a share before it goes on with a warning: one that hangs must not stop the
/// rollout for everybody, and its requests count where it decided them.
const APPLY_PATIENCE: Period = Period::from_secs(30);

/// How far a stage has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
#[schemars(rename = "StagePhase")]
pub enum Phase {
    /// The share has been commanded.
    #[default]
    Setting,
    /// It is durable; the replicas are taking it over.
    Applying { since: Timestamp },
    /// Error rates are judged, nothing is counted.
    WarmingUp { since: Timestamp },
    /// The stage's time runs.
    Measuring,
}

/// The stage under way, or the watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) window: u64,
    pub(super) phase: Phase,
    /// Watched time in milliseconds.
    pub(super) elapsed: u64,
    pub(super) approved: bool,
    /// An operator has said that this stage need not be waited for.
    pub(super) waived: bool,
    /// Some replica had not applied the share when its time was up.
    pub(super) lagging: bool,
    /// A notice has been sent that a guard fails here.
    pub(super) alarmed: bool,
    /// It is the comparison before the first stage.
    #[serde(default)]
    pub(super) shadow: bool,
}

impl Canary {
    pub(super) fn candidate(&self) -> Endpoint {
        Endpoint { collection: self.plan.spec().collection.clone(), upstream: self.plan.spec().upstream.clone() }
    }

    pub(super) fn current(&self) -> &Stage {
        // A stored stage index comes from this code; were it damaged, the last stage is the one that demands most.
        self.plan.stages().get(self.stage).unwrap_or(&self.plan.stages()[self.plan.last_stage()])
    }

    /// The next stage, or the same one anew. The only place where the share may grow.
    pub(super) fn enter_stage(&mut self, now: Timestamp, stage: usize, by: &By) {
        self.stage = stage;
        self.step = Step { window: self.step.window, ..Step::default() };
        self.command_stage_share(now);
        self.enter(now, State::Stepping, by);
        // Counted from one, as people count.
        let text = format!("stage {} of {} with {} %: {}", stage + 1, self.plan.stages().len(), self.share.percentage(), by.reason);
        self.notify(now, Notice::StageChanged, text);
    }

    /// Commands the share of the current stage, under a new window.
    pub(super) fn command_stage_share(&mut self, now: Timestamp) {
        self.step.window += 1;
        self.step.phase = Phase::Setting;
        self.footprint.route = true;
        let share = self.current().share;
        self.command_share(now, share);
    }

    pub(super) fn command_share(&mut self, now: Timestamp, share: Share) {
        self.outbox.drop_if(|effect| matches!(effect, Effect::SetShare { .. } | Effect::StartWindow { .. }));
        self.share = share;
        let (alias, candidate, window) = (self.plan.spec().alias.clone(), self.candidate(), self.step.window);
        self.outbox.push(now, Effect::SetShare { alias, candidate, share, window });
    }

    /// Leaves behind what was seen so far.
    pub(super) fn start_window(&mut self, now: Timestamp) {
        self.step.window += 1;
        self.outbox.drop_if(|effect| matches!(effect, Effect::StartWindow { .. }));
        self.outbox.push(now, Effect::StartWindow { window: self.step.window });
    }

    /// From setting to measuring; the pace does not depend on whether the canary is paused, since its share stays.
    pub(super) fn advance_phase(&mut self, now: Timestamp, applied: bool) {
        if let Phase::Applying { since } = self.step.phase {
            let patience_over = now.since(since) >= millis(APPLY_PATIENCE.get());
            if !applied && !patience_over {
                return;
            }
            if !applied {
                self.step.lagging = true;
                let what = if self.step.shadow { "the mirroring".to_owned() } else { format!("{} %", self.share.percentage()) };
                let text = format!("a live replica has not applied {what} within {APPLY_PATIENCE}");
                self.notify(now, Notice::ReplicaLagging, text);
            }
            // Without a warm-up the window that came with the share is the one that counts. A comparison is the warm-up.
            let measured_at_once = self.plan.spec().warm_up.is_zero() || self.needs_no_time() || self.step.shadow;
            self.step.phase = if measured_at_once { Phase::Measuring } else { Phase::WarmingUp { since: now } };
        }
        self.step.lagging &= !applied;
        if let Phase::WarmingUp { since } = self.step.phase
            && now.since(since) >= millis(self.plan.spec().warm_up.get())
        {
            self.step.phase = Phase::Measuring;
            self.start_window(now);
        }
    }

    /// How long this stage is watched, or the comparison before the first one.
    pub(super) fn duration(&self) -> Period {
        self.shadow().map_or(self.current().duration, |shadow| shadow.duration)
    }

    /// A last stage of no length, or one an operator has waived: there is nothing to measure in it.
    pub(super) fn needs_no_time(&self) -> bool {
        self.step.waived || self.duration().is_zero()
    }

    /// Whether the stage has been watched long enough.
    pub(super) fn stage_over(&self) -> bool {
        match self.step.phase {
            Phase::Setting | Phase::Applying { .. } => false,
            Phase::WarmingUp { .. } => self.step.waived,
            Phase::Measuring => self.needs_no_time() || self.step.elapsed >= millis(self.duration().get()),
        }
    }
}
