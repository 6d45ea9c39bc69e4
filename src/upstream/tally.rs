//! The metrics of a pool's connections.

use std::sync::Arc;

use crate::metrics::{WorkerCells, WorkerEvent};

/// A worker's counters; empty for pools outside of workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Option<Arc<WorkerCells>>);

impl Tally {
    pub(crate) fn of(cells: &Arc<WorkerCells>) -> Self {
        Self(Some(Arc::clone(cells)))
    }

    pub(super) fn opened<T, E>(&self, outcome: &Result<T, E>) {
        self.count(if outcome.is_ok() { WorkerEvent::UpstreamConnected } else { WorkerEvent::UpstreamConnectFailed });
    }

    pub(super) fn reused(&self) {
        self.count(WorkerEvent::UpstreamReused);
    }

    fn count(&self, event: WorkerEvent) {
        if let Some(cells) = &self.0 {
            cells.count(event);
        }
    }
}
