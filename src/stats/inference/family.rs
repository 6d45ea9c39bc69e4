//! Several comparisons of one experiment: the chance of a false one grows with their number unless it is held down.

/// Adjusted p-values, in the order of the given ones.
type Adjusted = Vec<f64>;

/// Holm (1979): the chance of even one false rejection stays below alpha, however the tests depend on each other. For
/// guardrails, since one of them stops an experiment.
#[must_use]
pub fn holm(p_values: &[f64]) -> Adjusted {
    let count = p_values.len();
    let mut largest = 0.0_f64;
    in_order(p_values, |rank, p| {
        largest = largest.max((p * (count - rank) as f64).min(1.0));
        largest
    })
}

/// Benjamini and Hochberg (1995): of what is rejected, no more than alpha is false on average. For goals.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Adjusted {
    step_up(p_values, 1.0)
}

/// Benjamini and Yekutieli (2001): the same promise however the tests depend on each other, at the price of `1 + 1/2 + .. + 1/m`.
#[must_use]
pub fn benjamini_yekutieli(p_values: &[f64]) -> Adjusted {
    step_up(p_values, (1..=p_values.len()).map(|rank| (rank as f64).recip()).sum())
}

/// From the largest p down: `p * count * factor / rank`, and never more than one that is larger.
fn step_up(p_values: &[f64], factor: f64) -> Adjusted {
    let count = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, index) in ranked(p_values).into_iter().enumerate().rev() {
        smallest = smallest.min(p_values[index] * count * factor / (rank + 1) as f64);
        adjusted[index] = smallest;
    }
    adjusted
}

fn in_order(p_values: &[f64], mut adjust: impl FnMut(usize, f64) -> f64) -> Adjusted {
    let mut adjusted = vec![0.0; p_values.len()];
    for (rank, index) in ranked(p_values).into_iter().enumerate() {
        adjusted[index] = adjust(rank, p_values[index]);
    }
    adjusted
}

/// Indices by p, the smallest first.
fn ranked(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    order
}
