//! Counts the result lists of one answer while a scanner passes them.

use crate::metrics::Finding;
use crate::protocol::hits::Visit;

/// The numbers that a guard needs from the hits of one answer.
#[derive(Debug, Default)]
pub struct Tally {
    finding: Finding,
    hits: u64,
    best: Option<f64>,
}

impl Tally {
    #[must_use]
    pub fn finding(&self) -> Finding {
        self.finding
    }
}

impl Visit for Tally {
    fn list_begins(&mut self, _at: u64) {
        self.hits = 0;
        self.best = None;
    }

    fn list_ends(&mut self, _at: u64) {
        self.finding.add(self.hits, self.best);
    }

    /// The list's first hit is its best.
    fn hit(&mut self, _outer: u64, _inner: u64) -> bool {
        self.hits += 1;
        self.hits == 1
    }

    fn score(&mut self, score: f64) {
        self.best = Some(score);
    }
}
