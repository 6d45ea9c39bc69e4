//! How many units each arm of an experiment has, over all replicas, and whether they are where chance should have put them.
//!
//! Asking for it needs what all replicas have counted since the phase began, so it is not counted at each scrape. A slice of time
//! that is closed does not change any more: its units are kept, and only open slices are read again.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use super::lock;
use crate::control::clock;
use crate::control::documents::{ExperimentDocument, Resource};
use crate::control::engine::ControlError;
use crate::control::experiment::ArmUnits;
use crate::control::run::Control;
use crate::experiment::Seen;
use crate::experiment::analysis::{Dealt, Split, split_of};
use crate::rollout::Timestamp;
use crate::stats::UnitSet;

/// After a slice is closed, every replica has written its last counts within this time.
const WRITTEN_MS: u64 = 60_000;

/// By experiment.
pub(super) type Known = BTreeMap<String, PhaseUnits>;

/// The units of one phase.
#[derive(Debug, Default)]
pub(super) struct PhaseUnits {
    phase: u32,
    /// Slices that are closed, and the units of each arm in them.
    closed: BTreeSet<u32>,
    units: Vec<UnitSet>,
    /// With the open slices, as of the last look.
    split: Option<Split>,
}

impl PhaseUnits {
    fn merge(units: &mut Vec<UnitSet>, seen: &Seen) {
        units.resize_with(units.len().max(seen.arms.len()), UnitSet::default);
        units.iter_mut().zip(&seen.arms).for_each(|(mine, arm)| mine.merge(&arm.unit_set()));
    }
}

impl Control {
    /// Counts the units of every experiment whose split has begun.
    pub(super) async fn count_units(&self) -> Result<(), ControlError> {
        let (state, now) = (self.engine.state(), clock::now());
        let splits = |trial: &ExperimentDocument| trial.is_live() && trial.experiment.split_at().is_some();
        lock(&self.samples.units).retain(|id, _| state.documents.experiments.get(id).is_some_and(splits));
        for trial in state.documents.experiments.values().filter(|trial| splits(trial)) {
            self.count_units_of(trial, now).await?;
        }
        Ok(())
    }

    async fn count_units_of(&self, trial: &ExperimentDocument, now: Timestamp) -> Result<(), ControlError> {
        let experiment = &trial.experiment;
        let Some(phase) = experiment.phase() else { return Ok(()) };
        let mut known = self.take_known(experiment.id(), phase.number);
        let settled = Timestamp::from_millis(now.millis().saturating_sub(WRITTEN_MS));
        let mut open = Vec::new();
        let slices = experiment.slices().all().iter().filter(|slice| slice.phase == phase.number);
        for slice in slices.map(|slice| slice.number).filter(|number| !known.closed.contains(number)).collect::<Vec<_>>() {
            let seen = self.experiments.seen(trial, phase.number, &(slice..=slice)).await?;
            if experiment.has_closed(slice, settled) {
                PhaseUnits::merge(&mut known.units, &seen);
                known.closed.insert(slice);
            } else {
                PhaseUnits::merge(&mut open, &seen);
            }
        }
        open.resize_with(experiment.spec().arms.len(), UnitSet::default);
        open.iter_mut().zip(&known.units).for_each(|(all, closed)| all.merge(closed));
        let units: Vec<_> = open.iter().map(UnitSet::estimate).collect();
        known.split = Some(split_of(&units, &Dealt { shares: &phase.shares(), is_over: phase.until.is_some() }));
        lock(&self.samples.units).insert(experiment.id().to_owned(), known);
        Ok(())
    }

    /// What is kept of earlier looks. Their result stays where it is, to be shown until there is the next.
    fn take_known(&self, id: &str, phase: u32) -> PhaseUnits {
        let mut all = lock(&self.samples.units);
        match all.get_mut(id).filter(|known| known.phase == phase) {
            Some(known) => PhaseUnits { phase, closed: take(&mut known.closed), units: take(&mut known.units), split: known.split.clone() },
            None => PhaseUnits { phase, ..PhaseUnits::default() },
        }
    }

    /// None before the first look, and of an experiment whose split has not begun.
    pub(in crate::control) fn arm_units(&self, id: &str) -> Option<ArmUnits> {
        let known = lock(&self.samples.units);
        let split = known.get(id)?.split.as_ref()?;
        Some(ArmUnits { units: split.units.clone(), mismatch: split.alarm.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::documents::json;
    use crate::control::run::under_way::fixtures::{after, trial};
    use crate::control::testing::{config, control};
    use crate::experiment::statistics_salt;

    /// So many units of each arm, as one replica has written them down.
    fn seen(replica: &str, control: u32, treatment: u32) -> Seen {
        let mut seen = Seen::of(2);
        for (arm, units) in [control, treatment].into_iter().enumerate() {
            let hashes = (0..units).map(|unit| statistics_salt("exp_old_1").hash(format!("{replica}/{arm}/{unit}").as_bytes()));
            hashes.for_each(|hash| seen.arms[arm].assigned.insert(hash));
        }
        seen
    }

    #[tokio::test]
    async fn the_units_of_all_replicas_are_added_up_and_held_to_the_weights() {
        let (control, trial) = (control(config()).await, trial());
        let write = async |replica: &str, units: (u32, u32)| {
            let seen = json(&seen(replica, units.0, units.1));
            control.engine.store().put_observation("experiment/exp_old_1/1/1/", replica, &seen).await.expect("the store answers");
            control.count_units_of(&trial, after(60)).await.expect("the store answers");
            control.arm_units("exp_old_1").expect("they were counted")
        };
        assert_eq!(control.arm_units("exp_old_1"), None);
        let even = write("replica_a", (20, 21)).await;
        assert_eq!((even.units.iter().map(|units| units.round()).collect::<Vec<_>>(), even.mismatch), (vec![20.0, 21.0], false));
        let uneven = write("replica_b", (0, 90)).await;
        assert!(uneven.mismatch && uneven.units[1] > 100.0, "{uneven:?}");
    }
}
