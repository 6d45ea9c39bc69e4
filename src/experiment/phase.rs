//! One set of weights, and who is where by it.

use serde::{Deserialize, Serialize};

use super::spec::ExperimentSpec;
use crate::config::Timestamp;
use crate::routing::{Allocation, Salt};

/// Units outside the experiment, in the numbers of an allocation; the arms follow from 1 on.
const OUTSIDE: usize = 0;

/// The number of the phase before the split, where there is one.
pub const BASELINE: u32 = 0;
/// The number of the first phase with a split.
pub const FIRST_SPLIT: u32 = 1;

/// What deals the units of one experiment.
#[must_use]
pub fn salt(id: &str) -> Salt {
    Salt::new(&format!("experiment:{id}"))
}

/// What deals units into statistics buckets; independent of [`salt`], or variances would be wrong.
#[must_use]
pub fn statistics_salt(id: &str) -> Salt {
    Salt::new(&format!("stats:{id}"))
}

/// Results of one phase are never added to those of another: the arms hold other units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// [`BASELINE`], or from [`FIRST_SPLIT`] on.
    pub number: u32,
    pub since: Timestamp,
    #[serde(default)]
    pub until: Option<Timestamp>,
    pub weights: Vec<f64>,
    pub exposure_percentage: f64,
    /// Variant 0 is outside of the experiment, variant `i + 1` the arm `i`.
    pub allocation: Allocation,
}

/// Where a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub slot: u32,
    /// In the alias's layer; none where the experiment has all of it.
    pub layer_slot: Option<u32>,
    /// None: outside.
    pub arm: Option<usize>,
    /// The hash under the statistics salt.
    pub hash: u64,
}

impl Phase {
    pub(super) fn first(number: u32, spec: &ExperimentSpec, since: Timestamp) -> Self {
        let (weights, exposure) = (spec.weights(), spec.exposure_percentage);
        let allocation = Allocation::fresh(&quotas(&weights, exposure), OUTSIDE);
        Self { number, since, until: None, weights, exposure_percentage: exposure, allocation }
    }

    /// The same units under another exposure and other weights, moving as few as can be.
    pub(super) fn reallocated(&self, weights: Vec<f64>, exposure_percentage: f64) -> Self {
        let allocation = self.allocation.reweighted(&quotas(&weights, exposure_percentage), OUTSIDE);
        Self { weights, exposure_percentage, allocation, ..self.clone() }
    }

    /// What each arm is dealt of the units, in slots: the weights, as finely as units can be split. An arm without weight is
    /// dealt none.
    #[must_use]
    pub fn shares(&self) -> Vec<f64> {
        (1..=self.weights.len()).map(|variant| f64::from(self.allocation.size(variant))).collect()
    }

    /// The arm of a unit by this phase, whichever experiment owns the slot.
    pub(super) fn assign(&self, id: &str, unit: &[u8]) -> Assignment {
        let slot = salt(id).slot(unit);
        Assignment { slot, layer_slot: None, arm: self.allocation.owner(slot).checked_sub(1), hash: statistics_salt(id).hash(unit) }
    }
}

fn quotas(weights: &[f64], exposure_percentage: f64) -> Vec<f64> {
    let exposure = exposure_percentage / 100.0;
    std::iter::once(1.0 - exposure).chain(weights.iter().map(|weight| weight * exposure)).collect()
}
