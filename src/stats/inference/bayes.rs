//! The chance that a treatment is better, given what was seen. For display only: it is not meant to be watched and acted
//! upon, and no decision of Pointsman rests on it.

use statrs::distribution::{ContinuousCDF as _, Normal};

use crate::stats::Contrast;

/// The standard deviation of what is believed of a relative lift before anything is seen: most changes are below 30 %.
const PRIOR: f64 = 0.3;

/// The posterior chance that a relative lift is above zero, with a normal prior around none.
#[must_use]
pub fn chance_to_win(lift: &Contrast) -> Option<f64> {
    if !(lift.variance > 0.0 && lift.variance.is_finite() && lift.estimate.is_finite()) {
        return None;
    }
    let precision = 1.0 / lift.variance + 1.0 / (PRIOR * PRIOR);
    let (mean, deviation) = (lift.estimate / lift.variance / precision, precision.sqrt().recip());
    Some(Normal::standard().cdf(mean / deviation))
}
