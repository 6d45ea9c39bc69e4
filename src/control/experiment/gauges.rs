//! Experiments under way, for a scrape.

use crate::control::clock;
use crate::control::state::Control;
use crate::metrics::{ArmGauge, ExperimentGauge};

impl Control {
    pub(in crate::control) fn experiment_gauges(&self) -> Vec<ExperimentGauge> {
        let (state, now) = (self.0.state.load(), clock::now());
        let live = state.held.experiments.values().filter(|trial| trial.is_live());
        let gauge = |trial: &super::Trial| {
            let experiment = &trial.experiment;
            let counted = self.arm_units(experiment.id());
            let arms = |units: &[f64]| {
                let arms = experiment.spec().arms.iter().zip(units);
                arms.map(|(arm, units)| ArmGauge { arm: arm.name.clone(), units: *units }).collect()
            };
            ExperimentGauge {
                alias: trial.alias().unwrap_or_default().to_owned(),
                id: experiment.id().to_owned(),
                state: experiment.state().name(),
                #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
                seconds_in_state: experiment.history().last().map_or(0.0, |step| now.since(step.at) as f64 / 1000.0),
                arms: counted.as_ref().map(|counted| arms(&counted.units)).unwrap_or_default(),
                mismatch: counted.map(|counted| counted.mismatch),
            }
        };
        live.map(gauge).collect()
    }
}
