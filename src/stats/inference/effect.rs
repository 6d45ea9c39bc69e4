//! How large a difference is, in units of the spread of single values: what a p-value does not say.

use statrs::function::gamma::ln_gamma;

use super::fixed::Sample;

/// Cohen's d of `b` against `a`: the difference of means in pooled standard deviations. None without a spread.
#[must_use]
pub fn cohens_d(b: &Sample, a: &Sample) -> Option<f64> {
    let degrees = a.count + b.count - 2.0;
    let pooled = ((a.count - 1.0) * a.variance + (b.count - 1.0) * b.variance) / degrees;
    (degrees > 0.0 && pooled > 0.0).then(|| (b.mean - a.mean) / pooled.sqrt())
}

/// Hedges' g: Cohen's d without its bias in small samples, by the exact factor (Hedges, 1981).
#[must_use]
pub fn hedges_g(b: &Sample, a: &Sample) -> Option<f64> {
    let half = (a.count + b.count - 2.0) / 2.0;
    let d = cohens_d(b, a).filter(|_| half > 0.5)?;
    Some(d * (ln_gamma(half) - ln_gamma(half - 0.5)).exp() / half.sqrt())
}
