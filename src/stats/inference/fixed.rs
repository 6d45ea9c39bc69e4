//! Welch's t at one look. Right once, at a time that was chosen before the data; whoever looks every day and stops at the
//! first small p rejects a true null hypothesis in a quarter of all experiments. [`super::always`] is for that.

use statrs::distribution::ContinuousCDF as _;

use super::{Interval, student};
use crate::stats::Contrast;

/// Mean and spread of independent values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub count: f64,
    pub mean: f64,
    /// Of one value, with `count - 1` below the line.
    pub variance: f64,
}

/// What one look says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixed {
    pub standard_error: f64,
    pub degrees: f64,
    pub p_value: f64,
    pub interval: Interval,
}

impl Contrast {
    /// `b - a` of two samples of independent values, with Welch's and Satterthwaite's degrees of freedom. None below two
    /// values in either.
    #[must_use]
    pub fn of_samples(b: &Sample, a: &Sample) -> Option<Self> {
        if a.count < 2.0 || b.count < 2.0 {
            return None;
        }
        let (part_a, part_b) = (a.variance / a.count, b.variance / b.count);
        let variance = part_a + part_b;
        let degrees = variance * variance / (part_a * part_a / (a.count - 1.0) + part_b * part_b / (b.count - 1.0));
        let degrees = if degrees.is_finite() { degrees } else { a.count.min(b.count) - 1.0 };
        Some(Self { estimate: b.mean - a.mean, variance, degrees, sample: a.count + b.count })
    }
}

/// The chance of an estimate this far above zero where the truth is zero or below. None as in [`test`].
#[must_use]
pub fn above(contrast: &Contrast) -> Option<f64> {
    let t = contrast.estimate / contrast.standard_error();
    student(contrast.degrees).filter(|_| contrast.degrees >= 1.0 && t.is_finite()).map(|student| student.sf(t))
}

/// Tests `contrast` against zero. None where there is no spread to test against, or fewer than one degree of freedom.
#[must_use]
pub fn test(contrast: &Contrast, alpha: f64) -> Option<Fixed> {
    let standard_error = contrast.standard_error();
    let proper = standard_error > 0.0 && standard_error.is_finite() && contrast.degrees >= 1.0 && contrast.estimate.is_finite();
    let student = student(contrast.degrees).filter(|_| proper)?;
    let t = contrast.estimate / standard_error;
    let half = student.inverse_cdf(1.0 - alpha / 2.0) * standard_error;
    Some(Fixed {
        standard_error,
        degrees: contrast.degrees,
        p_value: (2.0 * student.sf(t.abs())).min(1.0),
        interval: Interval::around(contrast.estimate, half),
    })
}
