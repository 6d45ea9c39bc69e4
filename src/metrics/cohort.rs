//! What guards are computed from: one cohort of one rollout, during one window.
//!
//! `control` asks the [`super::Registry`] for the two cohorts of a window when it builds a table, `proxy` records into
//! them, and `control` reads them again for every evaluation. Requests of the same unit are not independent of each
//! other, so nothing here is a plain sum over requests: sums are kept for each of [`COHORT_BUCKETS`] groups of units, and
//! units that were seen, or hurt, are kept as sets. Both merge exactly over workers and over replicas, sums by addition
//! and sets by union, and both have a size that does not depend on the traffic (I9).

use std::collections::BTreeSet;

use super::cell::Cell;
use super::finding::Finding;
use super::histogram::{Histogram, Snapshot};
use super::units::{FirstUnits, UnitBits, UnitWords, no_units};
use crate::stats::Refusal;

/// Groups of units, told apart by a hash of their own.
pub const COHORT_BUCKETS: usize = 128;
/// Latencies are kept for so many groups of groups: enough to tell how clustered they are.
pub const LATENCY_GROUPS: usize = 16;

/// One request of a unit.
#[derive(Clone, Copy, Debug)]
pub struct CohortSample {
    /// The unit under the window's own salt; whoever has no unit is one of its own.
    pub unit: u64,
    pub total_us: u64,
    /// Of the answer's body, as it was sent.
    pub bytes: u64,
    pub ending: Ending,
    /// What a look at its answer found, if there was one.
    pub found: Option<Finding>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Served,
    /// The variant could not serve it, whether or not the client noticed.
    Failed,
    /// With a 4xx, and stable was not asked: only a comparison says whose fault that is.
    Refused(Refusal),
    /// With a 4xx for a fault of the client: another collection refuses it too, or would have been asked.
    ClientsFault(Refusal),
}

#[derive(Debug, Default)]
struct Group {
    requests: Cell,
    errors: Cell,
    over_limit: Cell,
    over_reference: Cell,
    latency_us: Cell,
    bytes: Cell,
    lists: Cell,
    empty: Cell,
    hits: Cell,
    scored: Cell,
    top_score: Cell,
    refused: Cell,
    clients_fault: Cell,
    unauthorized: Cell,
    missing: Cell,
}

/// Latencies that answers are compared with. Fixed for the window: a threshold that moved with the data would be judged by
/// the data it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latencies {
    pub limit_us: u64,
    pub reference_us: u64,
}

/// One worker's part.
#[derive(Debug)]
struct Shard {
    groups: Box<[Group]>,
    first: FirstUnits,
    seen: UnitBits,
    hurt: UnitBits,
    refused: UnitBits,
    latencies: Box<[Histogram]>,
}

impl Group {
    fn refuse(&self, refusal: Refusal) {
        match refusal {
            Refusal::Unauthorized => self.unauthorized.add(1),
            Refusal::Missing => self.missing.add(1),
            Refusal::Other => {}
        }
    }
}

impl Shard {
    fn new() -> Self {
        Self {
            groups: std::iter::repeat_with(Group::default).take(COHORT_BUCKETS).collect(),
            first: FirstUnits::default(),
            seen: UnitBits::default(),
            hurt: UnitBits::default(),
            refused: UnitBits::default(),
            latencies: std::iter::repeat_with(Histogram::default).take(LATENCY_GROUPS).collect(),
        }
    }
}

/// All workers' parts.
#[derive(Debug)]
pub struct Cohort {
    thresholds: Latencies,
    shards: Box<[Shard]>,
}

impl Cohort {
    pub(super) fn new(thresholds: Latencies, workers: usize) -> Self {
        Self { thresholds, shards: std::iter::repeat_with(Shard::new).take(workers).collect() }
    }

    pub fn record(&self, worker: usize, sample: CohortSample) {
        let shard = &self.shards[worker];
        let group = &shard.groups[bucket(sample.unit)];
        match sample.ending {
            Ending::Refused(refusal) => {
                shard.refused.insert(sample.unit);
                group.refused.add(1);
                return group.refuse(refusal);
            }
            Ending::ClientsFault(refusal) => {
                group.clients_fault.add(1);
                return group.refuse(refusal);
            }
            Ending::Served | Ending::Failed => {}
        }
        shard.first.insert(sample.unit);
        shard.seen.insert(sample.unit);
        group.requests.add(1);
        if sample.ending == Ending::Failed {
            shard.hurt.insert(sample.unit);
            group.errors.add(1);
            // A fast failure must not make a variant look fast.
            return;
        }
        if let Some(found) = sample.found {
            group.lists.add(found.lists);
            group.empty.add(found.empty);
            group.hits.add(found.hits);
            group.scored.add(found.scored);
            // Two's complement: what is below zero adds up in it as well as what is above.
            group.top_score.add(found.top_score.cast_unsigned());
        }
        group.latency_us.add(sample.total_us);
        group.bytes.add(sample.bytes);
        group.over_limit.add(u64::from(sample.total_us > self.thresholds.limit_us));
        group.over_reference.add(u64::from(sample.total_us > self.thresholds.reference_us));
        shard.latencies[bucket(sample.unit) % LATENCY_GROUPS].observe(sample.total_us);
    }

    /// Merged over the workers.
    #[must_use]
    pub fn totals(&self) -> CohortTotals {
        let mut totals = CohortTotals::default();
        for shard in &self.shards {
            for (total, group) in totals.groups.iter_mut().zip(&shard.groups) {
                total.requests += group.requests.get();
                total.errors += group.errors.get();
                total.over_limit += group.over_limit.get();
                total.over_reference += group.over_reference.get();
                total.latency_us += group.latency_us.get();
                total.bytes += group.bytes.get();
                total.found.lists += group.lists.get();
                total.found.empty += group.empty.get();
                total.found.hits += group.hits.get();
                total.found.scored += group.scored.get();
                total.found.top_score = total.found.top_score.wrapping_add(group.top_score.get().cast_signed());
                total.refused += group.refused.get();
                total.clients_fault += group.clients_fault.get();
                total.unauthorized += group.unauthorized.get();
                total.missing += group.missing.get();
            }
            shard.first.add_to(&mut totals.first);
            shard.seen.add_to(&mut totals.seen);
            shard.hurt.add_to(&mut totals.hurt);
            shard.refused.add_to(&mut totals.refused);
            for (total, part) in totals.latencies.iter_mut().zip(&shard.latencies) {
                total.add(part);
                totals.total.add(part);
            }
        }
        totals
    }
}

/// The sums over one group of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTotals {
    pub requests: u64,
    pub errors: u64,
    pub over_limit: u64,
    pub over_reference: u64,
    /// Of answers only, as the two above.
    pub latency_us: u64,
    /// Of their bodies.
    pub bytes: u64,
    /// In those answers that were looked at.
    pub found: Finding,
    /// With a 4xx that is to be compared, and with one that is the client's fault. Not among the requests.
    pub refused: u64,
    pub clients_fault: u64,
    /// Of both: 401 or 403, and 404.
    pub unauthorized: u64,
    pub missing: u64,
}

/// A cohort as it stands.
#[derive(Clone, Debug)]
pub struct CohortTotals {
    pub groups: Vec<GroupTotals>,
    /// The hashes of all units, as long as there are few.
    pub first: Option<BTreeSet<u64>>,
    /// One bit a unit.
    pub seen: UnitWords,
    pub hurt: UnitWords,
    /// With a refusal that is to be compared.
    pub refused: UnitWords,
    /// Of all answers, and of each group of groups.
    pub total: Snapshot,
    pub latencies: Vec<Snapshot>,
}

impl Default for CohortTotals {
    fn default() -> Self {
        Self {
            groups: vec![GroupTotals::default(); COHORT_BUCKETS],
            first: Some(BTreeSet::new()),
            seen: no_units(),
            hurt: no_units(),
            refused: no_units(),
            total: Snapshot::default(),
            latencies: vec![Snapshot::default(); LATENCY_GROUPS],
        }
    }
}

/// A unit's group: bits that its places in the sets do not use.
pub(super) fn bucket(unit: u64) -> usize {
    unit as usize % COHORT_BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Latencies = Latencies { limit_us: 1_000, reference_us: 400 };

    fn sample(unit: u64, total_us: u64, failed: bool) -> CohortSample {
        let ending = if failed { Ending::Failed } else { Ending::Served };
        CohortSample { unit, total_us, bytes: 100, ending, found: None }
    }

    #[test]
    fn units_are_counted_once_and_requests_each_time() {
        let cohort = Cohort::new(THRESHOLDS, 2);
        for worker in [0, 1] {
            cohort.record(worker, sample(7 << 48, 500, false));
            cohort.record(worker, sample(9 << 48, 1_001, true));
        }
        let totals = cohort.totals();
        let ones = |set: &UnitWords| set[0].iter().map(|word| word.count_ones()).sum::<u32>();
        assert_eq!((ones(&totals.seen), ones(&totals.hurt)), (2, 1));
        let group = totals.groups[0];
        assert_eq!(
            group,
            GroupTotals {
                requests: 4,
                errors: 2,
                over_limit: 0,
                over_reference: 2,
                latency_us: 1_000,
                bytes: 200,
                ..GroupTotals::default()
            }
        );
        assert_eq!(totals.total.count(), 2);
    }

    #[test]
    fn refusals_are_counted_apart_and_have_neither_latency_nor_unit_among_the_requests() {
        let cohort = Cohort::new(THRESHOLDS, 2);
        for (worker, ending) in
            [(0, Ending::Refused(Refusal::Unauthorized)), (1, Ending::Refused(Refusal::Other)), (1, Ending::ClientsFault(Refusal::Missing))]
        {
            cohort.record(worker, CohortSample { ending, ..sample(7 << 48, 5_000, false) });
        }
        let totals = cohort.totals();
        let expected = GroupTotals { refused: 2, clients_fault: 1, unauthorized: 1, missing: 1, ..GroupTotals::default() };
        assert_eq!((totals.groups[0], totals.total.count()), (expected, 0));
        let ones = |set: &UnitWords| set[0].iter().map(|word| word.count_ones()).sum::<u32>();
        assert_eq!((ones(&totals.seen), ones(&totals.hurt), ones(&totals.refused)), (0, 0, 1));
    }

    #[test]
    fn findings_add_up_and_scores_may_be_below_zero() {
        let cohort = Cohort::new(THRESHOLDS, 2);
        let found = |top_score| Finding { lists: 1, empty: 0, hits: 3, scored: 1, top_score };
        for (worker, top_score) in [(0, -500_000), (1, 200_000)] {
            cohort.record(worker, CohortSample { found: Some(found(top_score)), ..sample(0, 1, false) });
        }
        let expected = Finding { lists: 2, empty: 0, hits: 6, scored: 2, top_score: -300_000 };
        assert_eq!(cohort.totals().groups[0].found, expected);
    }

    #[test]
    fn a_request_at_the_threshold_is_not_over_it() {
        let cohort = Cohort::new(THRESHOLDS, 1);
        cohort.record(0, sample(0, 1_000, false));
        assert_eq!((cohort.totals().groups[0].over_limit, cohort.totals().groups[0].over_reference), (0, 1));
    }

    #[test]
    fn groups_and_bits_are_drawn_from_different_parts_of_the_hash() {
        let cohort = Cohort::new(THRESHOLDS, 1);
        for group in 0..COHORT_BUCKETS as u64 {
            cohort.record(0, sample(group, 0, false));
        }
        let totals = cohort.totals();
        assert!(totals.groups.iter().all(|group| group.requests == 1));
        assert_eq!(totals.seen[0][0], 1, "the group's bits must not reach into the unit's place");
    }
}
