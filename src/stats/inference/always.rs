//! A confidence sequence around a contrast: valid at every look, so that looking early costs nothing.

use super::Interval;
use crate::stats::Contrast;
use crate::stats::sequence::{Sequence, Sides, narrow, widen};

/// What may be said at any time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Always {
    pub p_value: f64,
    pub interval: Interval,
}

/// The chance that an estimate is ever this far above zero where the truth is zero or below. None as in [`test`], and where
/// alpha is a half or more.
#[must_use]
pub fn above(contrast: &Contrast, alpha: f64, seen: f64, planned: f64) -> Option<f64> {
    let sequence = Sequence::new(Sides::One, alpha, planned)?;
    let errors_away = contrast.estimate / contrast.standard_error();
    let proper = errors_away.is_finite() && contrast.degrees > 0.0 && seen > 0.0;
    proper.then(|| sequence.p_value(narrow(errors_away.abs(), contrast.degrees).copysign(errors_away), seen))
}

/// Tests `contrast` against zero after `seen` units of both arms; the sequence is tightest at `planned`, which must not
/// change during an experiment. None where there is no spread, or nothing planned.
///
/// A standard error from buckets is itself uncertain, so distances are counted as Student's t counts them.
#[must_use]
pub fn test(contrast: &Contrast, alpha: f64, seen: f64, planned: f64) -> Option<Always> {
    let sequence = Sequence::new(Sides::Two, alpha, planned)?;
    let standard_error = contrast.standard_error();
    let proper =
        standard_error > 0.0 && standard_error.is_finite() && contrast.degrees > 0.0 && contrast.estimate.is_finite() && seen > 0.0;
    if !proper {
        return None;
    }
    let errors_away = contrast.estimate / standard_error;
    Some(Always {
        p_value: sequence.p_value(narrow(errors_away, contrast.degrees), seen),
        interval: Interval::around(contrast.estimate, widen(sequence.boundary(seen), contrast.degrees) * standard_error),
    })
}
