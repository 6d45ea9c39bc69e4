//! Student's t where there is a difference: what the power of a t-test is read from.

use statrs::distribution::ContinuousCDF as _;
use statrs::function::gamma::ln_gamma;

use super::{normal_quantile, normal_upper, student};
use crate::stats::sequence::widen;

/// From here on the library's quantile of t loses digits, and the approximation by a normal one has as many.
const MANY: f64 = 20_000.0;

/// Points of the trapezoid rule. A bell that is cut off where nothing is left of it is integrated to all digits by few.
const POINTS: u32 = 400;
/// How many standard deviations of the estimated deviation are looked at.
const REACH: f64 = 12.0;

/// The t beyond which both tails together have this chance.
pub(super) fn critical(alpha: f64, degrees: f64) -> Option<f64> {
    if degrees < MANY { Some(student(degrees)?.inverse_cdf(1.0 - alpha / 2.0)) } else { Some(widen(normal_quantile(alpha / 2.0), degrees)) }
}

/// The chance of a t above `t` with these degrees of freedom, if its middle is `away` standard errors from zero: the normal
/// chance, averaged over what the standard deviation may be estimated as.
pub(super) fn upper_tail(t: f64, degrees: f64, away: f64) -> f64 {
    let reach = REACH / (2.0 * degrees).sqrt();
    let (low, high) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let step = (high - low) / f64::from(POINTS);
    let half = degrees / 2.0;
    // Of the estimate over the truth: a chi variable over the root of its degrees.
    let ln_scale = std::f64::consts::LN_2 + half * half.ln() - ln_gamma(half);
    let density = |scale: f64| (ln_scale + (degrees - 1.0) * scale.ln() - half * scale * scale).exp();
    (1..POINTS).map(|point| low + f64::from(point) * step).map(|scale| density(scale) * normal_upper(t * scale - away)).sum::<f64>() * step
}
