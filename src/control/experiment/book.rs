//! What was reported to this process, and the units it has told their arm. In memory, and written down with what was
//! counted: what a process that is killed has not written is lost, a second's worth.
//!
//! A lock of its own, taken for the time it takes to add a batch up. The data path never comes here.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use crate::experiment::{ArmSeen, Feedback, Place, Seen};
use crate::stats::BUCKETS;

/// So many of the newest idempotency keys are remembered, as hashes.
const REMEMBERED: usize = 200_000;

#[derive(Debug, Default)]
pub(in crate::control) struct Book(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    /// By experiment and phase.
    seen: BTreeMap<(String, u32), Seen>,
    keys: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Book {
    /// Counts a batch whose every value has its place. Returns how many of them had been counted before.
    pub(super) fn add(&self, id: &str, batch: &[(&Feedback, Place)]) -> usize {
        let mut pages = self.lock();
        let mut duplicates = 0;
        for (feedback, place) in batch {
            if let Some(key) = &feedback.idempotency_key
                && !pages.remember(id, key)
            {
                duplicates += 1;
                continue;
            }
            let placed = match place {
                Place::Value(placed) => placed,
                Place::Credit(credit) => {
                    let credits = &mut pages.page(id, credit.phase).credits;
                    credits.entry(feedback.metric.clone()).or_default().record(credit.bucket, credit.wins);
                    continue;
                }
            };
            let arm = pages.arm(id, placed.phase, placed.arm);
            let bucket = placed.bucket.unwrap_or_else(|| {
                arm.unattributed += 1;
                fastrand::usize(..BUCKETS)
            });
            arm.values.entry(feedback.metric.clone()).or_default().record(bucket, placed.value, placed.below);
        }
        duplicates
    }

    /// A unit has asked for its arm and is in it from now on.
    pub(super) fn assigned(&self, id: &str, phase: u32, arm: usize, hash: u64) {
        self.lock().arm(id, phase, arm).assigned.insert(hash);
    }

    pub(super) fn seen(&self, id: &str, phase: u32) -> Option<Seen> {
        self.lock().seen.get(&(id.to_owned(), phase)).cloned()
    }

    /// Forgets all experiments but those that `keep` names.
    pub(super) fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.lock().seen.retain(|(id, _), _| keep(id));
    }

    /// Nothing panics while it holds the lock; if it ever did, sums would still be sums.
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn page(&mut self, id: &str, phase: u32) -> &mut Seen {
        self.seen.entry((id.to_owned(), phase)).or_default()
    }

    fn arm(&mut self, id: &str, phase: u32, arm: usize) -> &mut ArmSeen {
        let seen = self.page(id, phase);
        if seen.arms.len() <= arm {
            seen.arms.resize_with(arm + 1, ArmSeen::default);
        }
        &mut seen.arms[arm]
    }

    /// False when it is remembered already.
    fn remember(&mut self, id: &str, key: &str) -> bool {
        let hash = xxh3_64(format!("{id}\0{key}").as_bytes());
        if !self.keys.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }
}
