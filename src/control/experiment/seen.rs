//! What all replicas have counted in one phase. Each writes its own under its own key; adding them up is exact.

use super::Trial;
use crate::control::document;
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::experiment::{ArmSeen, Seen};
use crate::metrics::{Latencies, NotInterleaved, Registry};

/// Experiments compare latencies with each other and with no threshold.
pub(super) const NO_THRESHOLD: Latencies = Latencies { limit_us: u64::MAX, reference_us: u64::MAX };

/// What the names of an experiment's counters and observations begin with.
pub(in crate::control) fn scope_of_all(id: &str) -> String {
    format!("experiment/{id}/")
}

/// The same for one of its phases.
pub(super) fn scope(id: &str, phase: u32) -> String {
    format!("{}{phase}/", scope_of_all(id))
}

/// The counters of one arm in one phase.
pub(super) fn key(id: &str, phase: u32, arm: usize) -> String {
    format!("{}{arm}", scope(id, phase))
}

/// Where requests of an arm are counted that both arms were asked for.
pub(super) fn key_of_pairs(key: &str) -> String {
    format!("{key}/pairs")
}

impl Control {
    /// Writes down what this process has counted for each experiment, the phases before the present one too: requests that
    /// began in them may have ended since.
    pub(in crate::control) async fn flush_experiments(&self) -> Result<(), ControlError> {
        let state = self.0.state.load_full();
        for trial in state.held.experiments.values().filter(|trial| trial.is_live()) {
            let id = trial.experiment.id();
            for phase in trial.experiment.phases() {
                if let Some(seen) = self.seen_here(trial, phase.number) {
                    self.0.store.put_observation(&scope(id, phase.number), &self.0.replica, &document::json(&seen)).await?;
                }
            }
        }
        self.0.book.retain(|id| state.held.experiments.get(id).is_some_and(Trial::is_live));
        Ok(())
    }

    /// What this process has counted and was told; none where that is nothing.
    fn seen_here(&self, trial: &Trial, phase: u32) -> Option<Seen> {
        let (id, registry) = (trial.experiment.id(), self.registry());
        let reported = self.0.book.seen(id, phase);
        let counted = registry.has_cohorts(&scope(id, phase));
        if reported.is_none() && !counted {
            return None;
        }
        let mut seen = Seen::of(trial.experiment.spec().arms.len());
        if counted {
            for (arm, into) in seen.arms.iter_mut().enumerate() {
                count(registry, &key(id, phase, arm), trial.experiment.spec().interleave, into);
            }
        }
        reported.iter().for_each(|reported| seen.merge(reported));
        Some(seen)
    }

    /// One phase as all replicas have seen it, this one up to now.
    pub(super) async fn seen(&self, trial: &Trial, phase: u32) -> Result<Seen, ControlError> {
        let mut all = self.seen_here(trial, phase).unwrap_or_else(|| Seen::of(trial.experiment.spec().arms.len()));
        for observation in self.0.store.observations(&scope(trial.experiment.id(), phase)).await? {
            if observation.replica != self.0.replica {
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
