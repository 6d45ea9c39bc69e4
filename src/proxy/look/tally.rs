//! The lists of hits of one answer, counted as a scanner comes by them.

use crate::metrics::Finding;

#[derive(Debug, Default)]
pub(super) struct Tally {
    finding: Finding,
    hits: u64,
    best: Option<f64>,
}

impl Tally {
    pub(super) fn begin(&mut self) {
        self.hits = 0;
        self.best = None;
    }

    /// One more hit; whether it is the list's first, and so its best.
    pub(super) fn hit(&mut self) -> bool {
        self.hits += 1;
        self.hits == 1
    }

    /// The best hit's score.
    pub(super) fn score(&mut self, score: f64) {
        self.best = Some(score);
    }

    pub(super) fn end(&mut self) {
        self.finding.add(self.hits, self.best);
    }

    pub(super) fn finding(&self) -> Finding {
        self.finding
    }
}
