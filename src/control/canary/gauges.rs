//! Canaries under way, for a scrape.

use super::Canaries;
use crate::control::clock;
use crate::control::documents::{CanaryDocument, Resource};
use crate::metrics::{CanaryGauge, GuardGauge};
use crate::rollout::{Timestamp, Verdict};

impl Canaries {
    pub(in crate::control) fn gauges(&self) -> Vec<CanaryGauge> {
        let (state, now) = (self.engine.state(), clock::now());
        let live = state.documents.canaries.values().filter(|document| document.is_live());
        live.map(|document| gauge(document, now)).collect()
    }
}

fn gauge(document: &CanaryDocument, now: Timestamp) -> CanaryGauge {
    let status = document.canary.status();
    let entered = status.history.last_transition().map_or(now, |last| last.at);
    let verdict = |verdict| match verdict {
        Verdict::Pass => 1.0,
        Verdict::Inconclusive => 0.0,
        Verdict::Fail => -1.0,
    };
    let verdicts = status.verdicts.iter().map(|found| GuardGauge { guard: found.guard.clone(), verdict: verdict(found.verdict) });
    CanaryGauge {
        alias: status.alias.to_owned(),
        id: document.canary.id().to_owned(),
        state: status.state,
        stage: status.current_stage + 1,
        percentage: status.current_percentage,
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
        seconds_in_state: now.since(entered) as f64 / 1000.0,
        verdicts: verdicts.collect(),
    }
}
