//! Brunner and Munzel's test: Mann and Whitney's question, asked of samples that may differ in more than where they lie.

use statrs::distribution::ContinuousCDF as _;

use super::student;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrunnerMunzel {
    /// Above zero where values of `b` tend to be larger.
    pub statistic: f64,
    pub p_value: f64,
}

/// The test (2000) of `b` against `a`, two-sided, with Student's t. None below two values in either, where one is not a number,
/// and where no value of one lies among those of the other: then there is nothing to estimate a variance from.
#[must_use]
pub fn brunner_munzel(b: &[f64], a: &[f64]) -> Option<BrunnerMunzel> {
    if b.len() < 2 || a.len() < 2 || b.iter().chain(a).any(|value| !value.is_finite()) {
        return None;
    }
    let (in_b, in_a) = (b.len() as f64, a.len() as f64);
    let (mean_b, variance_b) = moments(&placements(b, a));
    let (_, variance_a) = moments(&placements(a, b));
    let (part_b, part_a) = (in_b * variance_b, in_a * variance_a);
    let statistic = in_b * in_a * (mean_b / in_a - 0.5) / (part_b + part_a).sqrt();
    let degrees = (part_b + part_a).powi(2) / (part_b * part_b / (in_b - 1.0) + part_a * part_a / (in_a - 1.0));
    let student = student(degrees).filter(|_| statistic.is_finite())?;
    Some(BrunnerMunzel { statistic, p_value: (2.0 * student.sf(statistic.abs())).min(1.0) })
}

/// Of each value, how many of the others are smaller, equal ones counting half.
fn placements(values: &[f64], others: &[f64]) -> Vec<f64> {
    let mut sorted = others.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = |value: &f64| {
        let (smaller, up_to) = (sorted.partition_point(|other| other < value), sorted.partition_point(|other| other <= value));
        f64::midpoint(smaller as f64, up_to as f64)
    };
    values.iter().map(place).collect()
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0))
}
