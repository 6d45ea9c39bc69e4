//! How many requests are inside one collection right now, when the last one came, and how many writes it has taken.
//! Retirement and draining rest on it (I3, I5), and so does what a rollout says about lost writes (I11).

use std::time::{Duration, Instant};

use super::cell::Cell;

/// What became of a write that may have changed its collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Qdrant has said that it took it.
    Acknowledged,
    /// It was sent as a whole, and no answer says whether it happened.
    Unknown,
}

/// Requests in flight per collection, exact, also after clients went away: whoever begins one ends it on drop. Each worker has a
/// shard, and the mirror has the one behind them.
#[derive(Debug)]
pub struct Usage {
    pub upstream: Box<str>,
    pub collection: Box<str>,
    in_flight: Box<[Cell]>,
    /// Whole seconds from `epoch` to just after the last use; zero: never.
    last_used: Box<[Cell]>,
    acknowledged: Box<[Cell]>,
    unknown: Box<[Cell]>,
    epoch: Instant,
}

impl Usage {
    pub(super) fn new(upstream: &str, collection: &str, workers: usize, epoch: Instant) -> Self {
        let cells = || std::iter::repeat_with(Cell::default).take(workers).collect();
        Self {
            upstream: upstream.into(),
            collection: collection.into(),
            in_flight: cells(),
            last_used: cells(),
            acknowledged: cells(),
            unknown: cells(),
            epoch,
        }
    }

    pub fn begin(&self, worker: usize) {
        self.in_flight[worker].add(1);
    }

    /// Notes that a request came at `at`.
    pub fn touch(&self, worker: usize, at: Instant) {
        self.last_used[worker].raise(at.saturating_duration_since(self.epoch).as_secs() + 1);
    }

    /// When the last request came, within a second and never too early; none: none since the process started.
    #[must_use]
    pub fn last_used(&self) -> Option<Instant> {
        let seconds = self.last_used.iter().map(Cell::get).max().filter(|seconds| *seconds > 0)?;
        self.epoch.checked_add(Duration::from_secs(seconds))
    }

    /// Counts a write. A batch is one write.
    pub fn wrote(&self, worker: usize, written: Written) {
        let cells = match written {
            Written::Acknowledged => &self.acknowledged,
            Written::Unknown => &self.unknown,
        };
        cells[worker].add(1);
    }

    /// Writes that were acknowledged, and writes whose outcome is unknown, since the process began to count here.
    #[must_use]
    pub fn writes(&self) -> (u64, u64) {
        let sum = |cells: &[Cell]| cells.iter().map(Cell::get).sum();
        (sum(&self.acknowledged), sum(&self.unknown))
    }

    pub fn end(&self, worker: usize) {
        self.in_flight[worker].sub(1);
    }

    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.iter().map(Cell::get).fold(0, u64::wrapping_add)
    }
}
