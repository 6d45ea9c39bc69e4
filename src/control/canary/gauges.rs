//! Canaries under way, for a scrape.

use super::running::Running;
use crate::control::clock;
use crate::control::state::Control;
use crate::metrics::{CanaryGauge, GuardGauge};
use crate::rollout::{Timestamp, Verdict};

impl Control {
    pub(in crate::control) fn canary_gauges(&self) -> Vec<CanaryGauge> {
        let (state, now) = (self.0.state.load(), clock::now());
        let live = state.held.canaries.values().filter(|running| running.is_live());
        live.map(|running| gauge(running, now)).collect()
    }
}

fn gauge(running: &Running, now: Timestamp) -> CanaryGauge {
    let status = running.canary.status();
    let entered = status.history.last_transition().map_or(now, |last| last.at);
    let verdict = |verdict| match verdict {
        Verdict::Pass => 1.0,
        Verdict::Inconclusive => 0.0,
        Verdict::Fail => -1.0,
    };
    let verdicts = status.verdicts.iter().map(|found| GuardGauge { guard: found.guard.clone(), verdict: verdict(found.verdict) });
    CanaryGauge {
        alias: status.alias.to_owned(),
        id: running.canary.id().to_owned(),
        state: status.state,
        stage: status.current_stage + 1,
        percentage: status.current_percentage,
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
        seconds_in_state: now.since(entered) as f64 / 1000.0,
        verdicts: verdicts.collect(),
    }
}
