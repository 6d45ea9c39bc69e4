//! Retirements that have not ended, for a scrape.

use super::Retirements;
use crate::control::clock;
use crate::control::documents::Resource;
use crate::metrics::RetirementGauges;
use crate::rollout::retirement::{Retirement, State};

const PENDING: [State; 4] = [State::Scheduled, State::Blocked, State::Snapshotting, State::Deleting];

impl Retirements {
    pub(in crate::control) fn gauges(&self) -> RetirementGauges {
        let (state, now) = (self.engine.state(), clock::now());
        let live: Vec<&Retirement> = state.documents.retirements.values().filter(|one| one.is_live()).collect();
        let count = |state: State| (state.name(), live.iter().filter(|one| one.state == state).map(|_| 1).sum());
        let overdue = live.iter().map(|one| now.since(one.due_at)).max().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
        let overdue_seconds = overdue as f64 / 1000.0;
        RetirementGauges { pending: PENDING.map(count).to_vec(), overdue_seconds }
    }
}
