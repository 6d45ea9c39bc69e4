//! What all replicas have counted in one phase. Each writes its own under its own key; adding them up is exact.

use std::ops::RangeInclusive;

use super::Trial;
use super::pages::Page;
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::experiment::{ArmSeen, Seen};
use crate::metrics::{Latencies, NotInterleaved, Registry};

/// Experiments compare latencies with each other and with no threshold.
pub(super) const NO_THRESHOLD: Latencies = Latencies { limit_us: u64::MAX, reference_us: u64::MAX };

/// Where requests of an arm are counted that both arms were asked for.
pub(super) fn key_of_pairs(key: &str) -> String {
    format!("{key}/pairs")
}

impl Control {
    /// What this process has on a page; none where that is nothing.
    pub(super) fn seen_here(&self, trial: &Trial, page: Page) -> Option<Seen> {
        let (id, registry) = (trial.experiment.id(), self.registry());
        let _turn = self.0.book.turn();
        let reported = self.0.book.seen(id, page);
        let counted = !registry.cohort_keys(&page.scope(id)).is_empty();
        if reported.is_none() && !counted {
            return None;
        }
        let mut seen = Seen::of(trial.experiment.spec().arms.len());
        if counted {
            for (arm, into) in seen.arms.iter_mut().enumerate() {
                count(registry, &page.key(id, arm), trial.experiment.spec().interleave, into);
            }
        }
        reported.iter().for_each(|reported| seen.merge(reported));
        Some(seen)
    }

    /// What belongs to a phase and was counted in these slices, as all replicas have seen it, this one up to now. One page
    /// after the other, so that it takes the memory of one, however many there are.
    pub(in crate::control) async fn seen(&self, trial: &Trial, phase: u32, slices: &RangeInclusive<u32>) -> Result<Seen, ControlError> {
        let id = trial.experiment.id();
        let wanted = |page: &Page| page.phase == phase && slices.contains(&page.slice);
        let mut all = Seen::of(trial.experiment.spec().arms.len());
        // Memory first: a page that is put away meanwhile has been written as it was here, and is not read again.
        let mut here = self.pages_here(id);
        here.retain(|page| {
            let seen = if wanted(page) { self.seen_here(trial, *page) } else { None };
            seen.iter().for_each(|seen| all.merge(seen));
            seen.is_some()
        });
        for page in self.pages_stored(id).await?.into_iter().filter(wanted) {
            for observation in self.0.store.observations(&page.scope(id)).await? {
                if observation.replica == self.0.replica && here.contains(&page) {
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
    into.cohort = crate::control::canary::summary(&totals);
    into.latencies = totals.latencies.iter().map(|group| trimmed(&group.buckets)).collect();
    let apart = registry.apart(key);
    (into.anonymous, into.forced) = apart.totals();
    if interleaves {
        let (pairs, merges) = (registry.cohort(&key_of_pairs(key), NO_THRESHOLD).totals(), apart.interleavings());
        into.paired = Some(crate::control::canary::summary(&pairs));
        into.interleaved = merges.interleaved;
        let why_not = NotInterleaved::ALL.into_iter().map(|why| (why.label().to_owned(), merges.not_interleaved(why)));
        into.not_interleaved = why_not.filter(|(_, count)| *count > 0).collect();
    }
}

fn trimmed(buckets: &[u64]) -> Vec<u64> {
    let used = buckets.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    buckets[..used].to_vec()
}
