//! What the mirror has found out about one shadow, and what it could not look at.
//!
//! `proxy` counts what it hands over and what it does not, in cells that only one worker writes; the mirror, one thread, adds
//! up its findings behind a lock that only a snapshot ever waits for. `control` takes snapshots, which merge over replicas.

use std::sync::{Arc, Mutex, PoisonError};

use super::cell::Cell;
use crate::stats::shadow::{Counters, Failure, Paired, Regression, Summary};

pub use crate::stats::shadow::Dropped;

/// Which of the two series something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The shadow was asked.
    Shadow,
    /// The reference was asked once more.
    Noise,
}

/// How a second answer compares with the first.
#[derive(Clone, Debug)]
pub enum Compared {
    /// By list, and what both took until their first byte.
    Lists {
        pairs: Vec<Paired>,
        reference_us: u64,
        candidate_us: u64,
    },
    /// An error instead of an answer, or none in time.
    Failed(Failure),
    Unreadable,
}

/// One worker's part of what was handed over.
#[derive(Debug, Default)]
struct Handed {
    mirrored: Cell,
    dropped: [Cell; Dropped::ALL.len()],
}

/// What is counted for an alias, over all the shadows it has had: such a number may never fall.
#[derive(Debug)]
pub(super) struct ShadowSeries {
    pub(super) alias: Box<str>,
    handed: Box<[Handed]>,
    found: Handed,
    comparisons: Cell,
    failed: Cell,
}

#[derive(Debug)]
pub struct Comparisons {
    handed: Box<[Handed]>,
    found: Mutex<Summary>,
    series: Arc<ShadowSeries>,
}

impl Handed {
    fn shards(workers: usize) -> Box<[Self]> {
        std::iter::repeat_with(Self::default).take(workers).collect()
    }

    fn add_to(&self, counters: &mut Counters) {
        counters.mirrored += self.mirrored.get();
        for (why, count) in Dropped::ALL.into_iter().zip(&self.dropped) {
            counters.drop(why, count.get());
        }
    }
}

impl ShadowSeries {
    pub(super) fn new(alias: &str, workers: usize) -> Self {
        Self {
            alias: alias.into(),
            handed: Handed::shards(workers),
            found: Handed::default(),
            comparisons: Cell::default(),
            failed: Cell::default(),
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        self.handed.iter().chain([&self.found]).for_each(|shard| shard.add_to(&mut counters));
        counters
    }

    pub(super) fn comparisons(&self) -> u64 {
        self.comparisons.get()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed.get()
    }
}

impl Comparisons {
    pub(super) fn new(series: Arc<ShadowSeries>, workers: usize) -> Self {
        Self { handed: Handed::shards(workers), found: Mutex::default(), series }
    }

    /// A question has been handed to the mirror.
    pub fn mirrored(&self, worker: usize) {
        self.handed[worker].mirrored.add(1);
        self.series.handed[worker].mirrored.add(1);
    }

    /// One that should have been was not.
    pub fn dropped(&self, worker: usize, why: Dropped) {
        self.handed[worker].dropped[why as usize].add(1);
        self.series.handed[worker].dropped[why as usize].add(1);
    }

    /// The mirror could not use one that it had been handed. Only its thread calls this and what follows.
    pub fn discarded(&self, why: Dropped) {
        self.lock().counters.drop(why, 1);
        self.series.found.dropped[why as usize].add(1);
    }

    /// A second answer, or that there is none. `hash` is the unit's, or the question's where there is no unit.
    pub fn record(&self, against: Against, hash: u64, compared: &Compared) {
        let mut found = self.lock();
        let series = match against {
            Against::Shadow => &mut found.shadow,
            Against::Noise => &mut found.noise,
        };
        let shadow = against == Against::Shadow;
        match compared {
            Compared::Lists { pairs, reference_us, candidate_us } => {
                pairs.iter().for_each(|pair| series.compared(hash, pair));
                series.timed(hash, *reference_us, *candidate_us);
                self.series.comparisons.add(if shadow { pairs.len() as u64 } else { 0 });
            }
            Compared::Unreadable => series.unreadable(hash),
            Compared::Failed(failure) => {
                series.failed(hash);
                self.series.failed.add(u64::from(shadow));
                if shadow {
                    found.last_failure = found.last_failure.take().max(Some(failure.clone()));
                }
            }
        }
    }

    /// Whether a query with this likeness belongs to the worst so far.
    #[must_use]
    pub fn admits(&self, rbo_millionths: u32) -> bool {
        self.lock().worst.admits(rbo_millionths)
    }

    pub fn keep(&self, regression: Regression) {
        self.lock().worst.keep(regression);
    }

    #[must_use]
    pub fn snapshot(&self) -> Summary {
        let mut summary = self.lock().clone();
        self.handed.iter().for_each(|shard| shard.add_to(&mut summary.counters));
        summary
    }

    /// Nothing panics while it holds the lock; if it ever did, sums would still be sums.
    fn lock(&self) -> std::sync::MutexGuard<'_, Summary> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::stats::shadow::Count;

    fn failed(at_ms: u64) -> Compared {
        Compared::Failed(Failure { at_ms, reason: format!("at {at_ms}") })
    }

    #[test]
    fn what_workers_and_the_mirror_count_is_one_summary() {
        let comparisons = Registry::new(2, 10).comparisons("shadow/1", "docs");
        comparisons.mirrored(0);
        comparisons.mirrored(1);
        comparisons.dropped(1, Dropped::QueueFull);
        comparisons.discarded(Dropped::Stale);
        let pair = Paired { reference_hits: 3, candidate_hits: 0, likeness: None };
        let lists = Compared::Lists { pairs: vec![pair; 2], reference_us: 10, candidate_us: 20 };
        comparisons.record(Against::Shadow, 7, &lists);
        comparisons.record(Against::Noise, 7, &Compared::Unreadable);
        for at_ms in [2, 1] {
            comparisons.record(Against::Shadow, 8, &failed(at_ms));
        }
        let summary = comparisons.snapshot();
        assert_eq!((summary.counters.mirrored, summary.counters.dropped()), (2, 2));
        let (shadow, noise) = (summary.shadow.totals(), summary.noise.totals());
        assert_eq!((shadow.count(Count::Comparisons), shadow.count(Count::Emptied), shadow.count(Count::Failed)), (2, 2, 2));
        assert_eq!((noise.count(Count::Comparisons), noise.count(Count::Unreadable)), (0, 1));
        assert_eq!(summary.last_failure.map(|failure| failure.at_ms), Some(2), "the newest, in whatever order they came");
    }

    #[test]
    fn a_shadow_that_is_forgotten_takes_nothing_from_what_its_alias_has_counted() {
        let registry = Registry::new(1, 1);
        let first = registry.comparisons("shadow/1", "docs");
        first.mirrored(0);
        first.record(Against::Noise, 1, &failed(1));
        registry.retain_comparisons(|key| key != "shadow/1");
        let second = registry.comparisons("shadow/1", "docs");
        assert_eq!(second.snapshot(), Summary::default());
        second.mirrored(0);
        second.record(Against::Shadow, 1, &failed(1));
        registry.comparisons("shadow/2", "past the limit").mirrored(0);
        let seen: Vec<_> =
            registry.shadows().iter().map(|series| (series.alias.clone(), series.counters().mirrored, series.failed())).collect();
        assert_eq!(seen, [("docs".into(), 2, 1), ("other".into(), 1, 0)], "the reference's own failures are not the shadow's");
    }
}
