//! The standard error of a ratio by leaving out one bucket at a time. Where it is far from that of the delta method, a few
//! buckets decide, and neither is to be believed.

/// `sqrt((K-1)/K * sum (r_-b - mean r_-b)^2)` over the K buckets with a denominator (Quenouille, 1956; Tukey, 1958). None below
/// two of them.
#[must_use]
pub fn standard_error(buckets: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let full = buckets.filter(|(_, below)| *below > 0.0);
    let (above, below) = full.clone().fold((0.0, 0.0), |sums, bucket| (sums.0 + bucket.0, sums.1 + bucket.1));
    let without: Vec<f64> = full.map(|bucket| (above - bucket.0) / (below - bucket.1)).collect();
    let count = without.len() as f64;
    let mean = without.iter().sum::<f64>() / count;
    let error = ((count - 1.0) / count * without.iter().map(|ratio| (ratio - mean).powi(2)).sum::<f64>()).sqrt();
    (without.len() > 1 && error.is_finite()).then_some(error)
}
