//! What all replicas have counted, taken together at one moment.

use std::collections::BTreeMap;

use super::{Mark, Tally};
use crate::rollout::Timestamp;

/// A replica that ended, or was cut off, without reporting its last counts. What it forwarded after this moment is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When it reported last.
    pub at: Timestamp,
}

/// A replica that has been silent for so long before a count begins is taken for dead: it forwards nothing any more.
const TAKEN_FOR_DEAD_MS: u64 = 60_000;

/// Tallies by collection, over all replicas, those that have ended included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// By upstream and collection.
    tallies: BTreeMap<(String, String), Tally>,
    gaps: Vec<Gap>,
}

/// What was written after a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) tally: Tally,
    /// There may be more.
    pub(super) incomplete: bool,
}

impl Counted {
    pub fn add(&mut self, upstream: &str, collection: &str, tally: Tally) {
        let total = self.tallies.entry((upstream.to_owned(), collection.to_owned())).or_default();
        *total = total.plus(tally);
    }

    pub fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    #[must_use]
    pub fn tally(&self, upstream: &str, collection: &str) -> Tally {
        self.tallies.get(&(upstream.to_owned(), collection.to_owned())).copied().unwrap_or_default()
    }

    /// Where a count of a collection begins that begins now.
    #[must_use]
    pub fn mark(&self, upstream: &str, collection: &str, now: Timestamp) -> Mark {
        let tally = self.tally(upstream, collection);
        Mark { upstream: upstream.to_owned(), collection: collection.to_owned(), at: now, tally }
    }

    pub(super) fn since(&self, mark: &Mark) -> Since {
        let now = self.tally(&mark.upstream, &mark.collection);
        // Counts that shrank belong to another store: the mark came with an import, or the collection was created again. All of
        // them were counted after the mark, and the ones before the import are gone.
        let shrank = !now.reaches(mark.tally);
        let tally = if shrank { now } else { now.minus(mark.tally) };
        Since { tally, incomplete: shrank || self.gaps.iter().any(|gap| gap.concerns(mark.at)) }
    }
}

impl Gap {
    fn concerns(self, begun: Timestamp) -> bool {
        self.at.millis().saturating_add(TAKEN_FOR_DEAD_MS) >= begun.millis()
    }
}
