//! An experiment under way.

use super::{Around, Kind, UnderWay, between};
use crate::control::documents::ExperimentDocument;
use crate::experiment::{Experiment, State};
use crate::rollout::Timestamp;

pub(super) fn entry(trial: &ExperimentDocument, around: &Around<'_>) -> UnderWay {
    let experiment = &trial.experiment;
    let (progress, time_left_seconds) = course(experiment, around.now);
    let mut arms = experiment.spec().arms.iter();
    let control = arms.next().and_then(|control| control.collection.clone());
    UnderWay {
        kind: Kind::Experiment,
        id: experiment.id().to_owned(),
        alias: trial.alias().map(str::to_owned),
        from: control.or_else(|| around.target_of(trial.alias()?)),
        to: arms.filter_map(|arm| arm.collection.clone()).collect(),
        state: experiment.state().name(),
        share_percent: share(trial),
        progress,
        time_left_seconds,
        waits_for: around.or_store(waits_for(experiment, around)),
        since: experiment.created(),
    }
}

/// The share of the alias's units that are in the experiment.
fn share(trial: &ExperimentDocument) -> Option<f64> {
    let slots = trial.layer().slots();
    let part = f64::from(slots.end - slots.start) / f64::from(crate::routing::SLOTS);
    let phase = trial.experiment.phase()?;
    Some(if trial.experiment.state() == State::Running { phase.exposure_percentage * part } else { 0.0 })
}

/// From the beginning of the split to its planned end.
fn course(experiment: &Experiment, now: Timestamp) -> (Option<f64>, Option<f64>) {
    match (experiment.state(), experiment.split_at(), experiment.planned_end()) {
        (State::Running, Some(begun), Some(end)) => between(begun, end, now),
        (State::Settling, ..) => (Some(1.0), experiment.due_at().map(|due| super::seconds(due.since(now)))),
        _ => (Some(0.0), None),
    }
}

fn waits_for(experiment: &Experiment, around: &Around<'_>) -> Option<String> {
    let due = experiment.due_at().filter(|due| *due > around.now);
    match experiment.state() {
        State::Scheduled => due.map(|due| format!("its start at {due}")),
        State::Baseline => due.map(|due| format!("the end of its pre-period at {due}")),
        State::Running if around.kill_switch => Some("the kill switch, which is on: the arms get no traffic".to_owned()),
        State::Running | State::Ended => None,
        State::Settling => Some(match due {
            Some(due) => format!("late feedback until {due}"),
            None => "the last counts of every replica".to_owned(),
        }),
    }
}
