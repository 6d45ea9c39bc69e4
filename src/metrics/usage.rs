//! How many requests are inside one collection right now. Retirement and draining rest on it (I3, I5).

use super::cell::Cell;

/// Requests in flight per collection, exact, also after clients went away: whoever begins one ends it on drop.
#[derive(Debug)]
pub struct Usage {
    pub upstream: Box<str>,
    pub collection: Box<str>,
    in_flight: Box<[Cell]>,
}

impl Usage {
    pub(super) fn new(upstream: &str, collection: &str, workers: usize) -> Self {
        Self {
            upstream: upstream.into(),
            collection: collection.into(),
            in_flight: std::iter::repeat_with(Cell::default).take(workers).collect(),
        }
    }

    pub fn begin(&self, worker: usize) {
        self.in_flight[worker].add(1);
    }

    pub fn end(&self, worker: usize) {
        self.in_flight[worker].sub(1);
    }

    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.iter().map(Cell::get).fold(0, u64::wrapping_add)
    }
}
