//! What was reported to this process, and the units it has told their arm. In memory, and written down with what was
//! counted: what a process that is killed has not written is lost, a second's worth.
//!
//! A lock of its own, taken for the time it takes to add a batch up. The data path never comes here.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::keys::{Chunk, Keys};
use crate::control::documents::Page;
use crate::experiment::{ArmSeen, Feedback, Place, Seen};
use crate::stats::BUCKETS;
use crate::store::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Book {
    pages: Mutex<Pages>,
    /// Held while a page's counters are read, and while a page is put away.
    snapshot: Mutex<()>,
}

#[derive(Debug, Default)]
struct Pages {
    seen: BTreeMap<(String, Page), Seen>,
    keys: Keys,
}

impl Book {
    /// Counts a batch whose every value has its place. Returns how many of them had been counted before.
    pub(super) fn add(&self, id: &str, batch: &[(&Feedback, Place)]) -> usize {
        let mut pages = self.lock();
        let mut duplicates = 0;
        for (feedback, place) in batch {
            if let Some(key) = &feedback.idempotency_key
                && !pages.keys.take(id, key)
            {
                duplicates += 1;
                continue;
            }
            let placed = match place {
                Place::Value(placed) => placed,
                Place::Credit(credit) => {
                    let page = Page { phase: credit.phase, slice: credit.slice };
                    let credits = &mut pages.page(id, page).credits;
                    credits.entry(feedback.metric.clone()).or_default().record(credit.bucket, credit.wins);
                    continue;
                }
            };
            let arm = pages.arm(id, Page { phase: placed.phase, slice: placed.slice }, placed.arm);
            let bucket = placed.bucket.unwrap_or_else(|| {
                arm.unattributed += 1;
                fastrand::usize(..BUCKETS)
            });
            arm.values.entry(feedback.metric.clone()).or_default().record(bucket, placed.value, placed.below);
        }
        duplicates
    }

    /// A unit has asked for its arm and is in it from now on.
    pub(super) fn assigned(&self, id: &str, page: Page, arm: usize, hash: u64) {
        self.lock().arm(id, page, arm).assigned.insert(hash);
    }

    pub(super) fn seen(&self, id: &str, page: Page) -> Option<Seen> {
        self.lock().seen.get(&(id.to_owned(), page)).cloned()
    }

    /// A page lies here and in the registry, in counters of each arm. Whoever reads it must not find a part of it gone, or
    /// make counters anew that were put away.
    pub(super) fn snapshot_lock(&self) -> MutexGuard<'_, ()> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those with anything on them.
    pub(super) fn pages(&self, id: &str) -> Vec<Page> {
        self.lock().seen.keys().filter(|(of, _)| of == id).map(|(_, page)| *page).collect()
    }

    /// Forgets a page.
    pub(super) fn drop_page(&self, id: &str, page: Page) {
        self.lock().seen.remove(&(id.to_owned(), page));
    }

    /// Forgets all experiments but those that `keep` names.
    pub(super) fn retain(&self, keep: impl Fn(&str) -> bool) {
        let mut pages = self.lock();
        pages.seen.retain(|(id, _), _| keep(id));
        pages.keys.retain(keep);
    }

    /// Idempotency keys that are to be written next; see [`Keys`].
    pub(super) fn unwritten_keys(&self, id: &str) -> Option<Chunk> {
        self.lock().keys.unwritten(id)
    }

    pub(super) fn wrote_keys(&self, id: &str, chunk: &Chunk) {
        self.lock().keys.wrote(id, chunk);
    }

    /// From when on keys of other processes may be new.
    pub(super) fn heard(&self) -> Timestamp {
        self.lock().keys.heard()
    }

    /// What another process has taken counts as taken here. False when it is unreadable.
    pub(super) fn learn_keys(&self, body: &serde_json::Value, at: Timestamp) -> bool {
        self.lock().keys.learn(body, at)
    }

    /// Nothing panics while it holds the lock; if it ever did, sums would still be sums.
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn page(&mut self, id: &str, page: Page) -> &mut Seen {
        self.seen.entry((id.to_owned(), page)).or_default()
    }

    fn arm(&mut self, id: &str, page: Page, arm: usize) -> &mut ArmSeen {
        let seen = self.page(id, page);
        if seen.arms.len() <= arm {
            seen.arms.resize_with(arm + 1, ArmSeen::default);
        }
        &mut seen.arms[arm]
    }
}
