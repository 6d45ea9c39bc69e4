//! Experiments under way, one series each and one for each arm. Units are those of all replicas, so every replica says the same.

use prometheus::proto::MetricFamily;

use super::family::Family;

/// One experiment, as of this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentGauge {
    /// Empty of an experiment without an alias.
    pub alias: String,
    pub id: String,
    pub state: &'static str,
    pub seconds_in_state: f64,
    /// Of the present phase; empty until they were counted first.
    pub arms: Vec<ArmGauge>,
    /// The units are not where the weights should have put them.
    pub mismatch: Option<bool>,
}

/// One arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmGauge {
    pub arm: String,
    pub units: f64,
}

pub(super) fn collect(experiments: &[ExperimentGauge]) -> Vec<MetricFamily> {
    let mut state = Family::gauge("experiment_state", "Always 1; the state stands in the label.");
    let mut since = Family::gauge("experiment_seconds_in_state", "How long an experiment has been in its state.");
    let mut units = Family::gauge("experiment_units", "Different units of an arm in the present phase, at all replicas.");
    let help = "1 when the units of the arms are not in the shares of the weights: no difference can be trusted.";
    let mut mismatch = Family::gauge("experiment_sample_ratio_mismatch", help);
    for experiment in experiments {
        let labels = [("alias", experiment.alias.as_str()), ("experiment", experiment.id.as_str())];
        state.add(&[labels[0], labels[1], ("state", experiment.state)], 1);
        since.add_float(&labels, experiment.seconds_in_state);
        for arm in &experiment.arms {
            units.add_float(&[labels[0], labels[1], ("arm", arm.arm.as_str())], arm.units);
        }
        if let Some(found) = experiment.mismatch {
            mismatch.add(&labels, u64::from(found));
        }
    }
    [state, since, units, mismatch].into_iter().map(Family::build).collect()
}
