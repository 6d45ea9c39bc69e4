//! Experiments under way, for a scrape.

use super::Experiments;
use crate::control::clock;
use crate::control::documents::{ExperimentDocument, Resource};
use crate::metrics::{ArmGauge, ExperimentGauge};

/// The units of an experiment's arms, for people and for scrapes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct ArmUnits {
    /// In the order of the arms.
    pub(in crate::control) units: Vec<f64>,
    /// The units are not where the weights should have put them.
    pub(in crate::control) mismatch: bool,
}

impl Experiments {
    pub(in crate::control) fn gauges(&self, arm_units: impl Fn(&str) -> Option<ArmUnits>) -> Vec<ExperimentGauge> {
        let (state, now) = (self.engine.state(), clock::now());
        let live = state.documents.experiments.values().filter(|document| document.is_live());
        let gauge = |document: &ExperimentDocument| {
            let experiment = &document.experiment;
            let counted = arm_units(experiment.id());
            let arms = |units: &[f64]| {
                let arms = experiment.spec().arms.iter().zip(units);
                arms.map(|(arm, units)| ArmGauge { arm: arm.name.clone(), units: *units }).collect()
            };
            ExperimentGauge {
                alias: document.alias().unwrap_or_default().to_owned(),
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
