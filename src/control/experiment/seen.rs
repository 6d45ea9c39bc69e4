//! What all replicas have counted in one phase. Each writes its own under its own key; adding them up is exact.

use std::ops::RangeInclusive;

use super::Experiments;
use crate::control::documents::{ExperimentDocument, Page, key_of_pairs};
use crate::control::engine::ControlError;
use crate::control::table::{NO_THRESHOLD, summary};
use crate::experiment::{ArmSeen, Seen};
use crate::metrics::{NotInterleaved, Registry};

impl Experiments {
    /// What this process has on a page; none where that is nothing.
    pub(super) fn seen_here(&self, document: &ExperimentDocument, page: Page) -> Option<Seen> {
        let (id, registry) = (document.experiment.id(), self.engine.registry());
        let _snapshot = self.book.snapshot_lock();
        let reported = self.book.seen(id, page);
        let counted = !registry.cohort_keys(&page.scope(id)).is_empty();
        if reported.is_none() && !counted {
            return None;
        }
        let mut seen = Seen::of(document.experiment.spec().arms.len());
        if counted {
            for (arm, into) in seen.arms.iter_mut().enumerate() {
                count(registry, &page.key(id, arm), document.experiment.spec().interleave, into);
            }
        }
        reported.iter().for_each(|reported| seen.merge(reported));
        Some(seen)
    }

    /// What belongs to a phase and was counted in these slices, as all replicas have seen it, this one up to now. One page
    /// after the other, so that it takes the memory of one, however many there are.
    pub(in crate::control) async fn seen(
        &self,
        document: &ExperimentDocument,
        phase: u32,
        slices: &RangeInclusive<u32>,
    ) -> Result<Seen, ControlError> {
        let id = document.experiment.id();
        let wanted = |page: &Page| page.phase == phase && slices.contains(&page.slice);
        let mut all = Seen::of(document.experiment.spec().arms.len());
        // Memory first: a page that is put away meanwhile has been written as it was here, and is not read again.
        let mut here = self.pages_here(id);
        here.retain(|page| {
            let seen = if wanted(page) { self.seen_here(document, *page) } else { None };
            seen.iter().for_each(|seen| all.merge(seen));
            seen.is_some()
        });
        for page in self.pages_stored(id).await?.into_iter().filter(wanted) {
            for observation in self.engine.store().observations(&page.scope(id)).await? {
                if observation.replica == self.engine.replica() && here.contains(&page) {
                    continue;
                }
                let theirs: Seen = serde_json::from_value(observation.body)
                    .map_err(|error| ControlError::Observation { replica: observation.replica, reason: error.to_string() })?;
                all.merge(&theirs);
            }
        }
        Ok(all)
    }
}

fn count(registry: &Registry, key: &str, interleaves: bool, into: &mut ArmSeen) {
    let totals = registry.cohort(key, NO_THRESHOLD).totals();
    into.cohort = summary(&totals);
    into.latencies = totals.latencies.iter().map(|group| trimmed(&group.buckets)).collect();
    let apart = registry.apart(key);
    (into.anonymous, into.forced) = apart.totals();
    if interleaves {
        let (pairs, merges) = (registry.cohort(&key_of_pairs(key), NO_THRESHOLD).totals(), apart.interleavings());
        into.paired = Some(summary(&pairs));
        into.interleaved = merges.interleaved;
        let why_not = NotInterleaved::ALL.into_iter().map(|why| (why.label().to_owned(), merges.not_interleaved(why)));
        into.not_interleaved = why_not.filter(|(_, count)| *count > 0).collect();
    }
}

fn trimmed(buckets: &[u64]) -> Vec<u64> {
    let used = buckets.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    buckets[..used].to_vec()
}
