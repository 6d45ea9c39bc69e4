//! The chance that a treatment is better, given what was seen. For display only: it is not meant to be watched and acted
//! upon, and no decision of Pointsman rests on it.

use statrs::distribution::{ContinuousCDF as _, Normal};

use crate::stats::Contrast;

/// What is believed of a relative lift before anything is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    pub mean: f64,
    /// Infinite where nothing is believed.
    pub variance: f64,
}

impl Prior {
    /// Most changes are below 30 %, up or down.
    pub const USUAL: Self = Self { mean: 0.0, variance: 0.09 };
}

/// The posterior chance that a relative lift is above zero.
#[must_use]
pub fn chance_to_win(lift: &Contrast, prior: &Prior) -> Option<f64> {
    if !(lift.variance > 0.0 && lift.variance.is_finite() && lift.estimate.is_finite()) {
        return None;
    }
    let precision = 1.0 / lift.variance + 1.0 / prior.variance;
    let (mean, deviation) = ((lift.estimate / lift.variance + prior.mean / prior.variance) / precision, precision.sqrt().recip());
    Some(Normal::standard().cdf(mean / deviation))
}
