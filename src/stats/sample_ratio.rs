//! Did units arrive in the shares they were meant to? If not, some are lost on the way to one arm, and nothing that is
//! compared between the arms means what it seems to (Fabijan et al., 2019). Count units here, never requests.

use statrs::function::gamma::{gamma_ur, ln_gamma};

/// How strongly the sequential test believes that shares are nearly right, in prior units. A hundred finds a lost percent
/// soon without being lost to small deviations.
const CONCENTRATION: f64 = 100.0;

/// Why arms cannot be tested, or need not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitFault {
    #[error("a split needs as many weights as counts, at least two of them, none negative, and a sum above zero")]
    Weights,
    #[error("arm {arm} has a weight of zero and yet {units} units: assignment leaks")]
    Leak { arm: usize, units: u64 },
}

/// Pearson's test at one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquare {
    pub statistic: f64,
    pub degrees: f64,
    pub p_value: f64,
}

/// For the end of a test. Looked at again and again it will alarm without reason: use [`ln_e_value`] for that.
///
/// # Errors
/// If the weights are none, or an arm of weight zero was given units.
pub fn chi_square(counts: &[u64], weights: &[f64]) -> Result<ChiSquare, SplitFault> {
    let arms = arms(counts, weights)?;
    let total: f64 = arms.iter().map(|(count, _)| count).sum();
    let statistic = arms.iter().map(|(count, share)| (count - total * share).powi(2) / (total * share));
    let statistic: f64 = if total > 0.0 { statistic.sum() } else { 0.0 };
    let degrees = arms.len() as f64 - 1.0;
    Ok(ChiSquare { statistic, degrees, p_value: if statistic > 0.0 { gamma_ur(degrees / 2.0, statistic / 2.0) } else { 1.0 } })
}

/// The logarithm of the evidence against the intended shares, valid at every look: the Dirichlet mixture of Lindon and Malek
/// (2022). Its p-value is [`super::event_split::p_value`].
///
/// # Errors
/// If the weights are none, or an arm of weight zero was given units.
pub fn ln_e_value(counts: &[u64], weights: &[f64]) -> Result<f64, SplitFault> {
    let arms = arms(counts, weights)?;
    let total: f64 = arms.iter().map(|(count, _)| count).sum();
    let gained =
        |(count, share): &(f64, f64)| ln_gamma(CONCENTRATION * share + count) - ln_gamma(CONCENTRATION * share) - count * share.ln();
    Ok(arms.iter().map(gained).sum::<f64>() + ln_gamma(CONCENTRATION) - ln_gamma(CONCENTRATION + total))
}

/// Counts and shares of the arms that may have units. With a single one left there is nothing that could be uneven.
fn arms(counts: &[u64], weights: &[f64]) -> Result<Vec<(f64, f64)>, SplitFault> {
    let sum: f64 = weights.iter().sum();
    let proper =
        counts.len() == weights.len() && counts.len() >= 2 && sum > 0.0 && sum.is_finite() && weights.iter().all(|weight| *weight >= 0.0);
    if !proper {
        return Err(SplitFault::Weights);
    }
    let pairs = counts.iter().zip(weights).enumerate();
    if let Some((arm, (units, _))) = pairs.clone().find(|(_, (count, weight))| **weight <= 0.0 && **count > 0) {
        return Err(SplitFault::Leak { arm, units: *units });
    }
    Ok(pairs.filter(|(_, (_, weight))| **weight > 0.0).map(|(_, (count, weight))| (*count as f64, weight / sum)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_split_raises_nothing() {
        let fine = chi_square(&[500, 500], &[1.0, 1.0]).expect("two arms");
        assert_eq!((fine.statistic, fine.p_value), (0.0, 1.0));
        assert!(ln_e_value(&[500, 500], &[1.0, 1.0]).expect("two arms") < 0.0);
        assert_eq!(chi_square(&[0, 0], &[1.0, 1.0]).expect("two arms").p_value, 1.0);
    }

    #[test]
    fn units_in_an_arm_without_weight_are_a_leak_and_not_a_statistic() {
        let leak = Err(SplitFault::Leak { arm: 1, units: 3 });
        assert_eq!(ln_e_value(&[500, 3], &[1.0, 0.0]), leak);
        assert_eq!(chi_square(&[500, 3], &[1.0, 0.0]).map(|found| found.statistic), leak);
    }

    #[test]
    fn what_is_no_split_is_refused() {
        for weights in [&[1.0][..], &[0.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY]] {
            assert_eq!(ln_e_value(&[1, 1], weights), Err(SplitFault::Weights), "{weights:?}");
        }
    }
}
