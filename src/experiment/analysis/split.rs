//! Are the units where chance should have put them? If not, some are lost on their way to one arm, and whatever differs
//! between the arms may be no more than that.

use serde::Serialize;

use crate::stats::UnitEstimate;
use crate::stats::event_split::p_value;
use crate::stats::sample_ratio::{chi_square, ln_e_value};

/// An alarm is raised below this, by either test: an imbalance that chance makes once in a thousand experiments.
const ALARM: f64 = 0.001;

/// Why nothing can be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitAlarm {
    /// The shares of the units are not those of the weights.
    Imbalance,
    /// An arm of weight zero has units.
    Leak,
}

/// Units by arm, and what is to be thought of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Split {
    pub units: Vec<f64>,
    pub expected: Vec<f64>,
    pub chi_square: Option<f64>,
    /// Of one look.
    pub p_value: Option<f64>,
    /// Valid at every look.
    pub sequential_p_value: Option<f64>,
    pub alarm: Option<SplitAlarm>,
}

/// Counts of very many units are estimates: what they are off by is no imbalance, so counts speak with as many units as
/// would be as uncertain.
#[must_use]
pub fn judge(units: &[UnitEstimate], weights: &[f64]) -> Split {
    let counts: Vec<f64> = units.iter().map(|estimate| estimate.units).collect();
    let total: f64 = counts.iter().sum();
    let sum: f64 = weights.iter().sum();
    let expected: Vec<f64> = weights.iter().map(|weight| total * weight / sum).collect();
    let inflation = units.iter().zip(&expected).filter(|(_, expected)| **expected > 0.0);
    let inflation = inflation.map(|(estimate, expected)| 1.0 + estimate.standard_error.powi(2) / expected).fold(1.0, f64::max);
    // Rounded as the counts they are; only where cells overflow do they shrink by more than a rounding.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of a count, above zero")]
    let spoken: Vec<u64> = counts.iter().map(|count| (count / inflation).round() as u64).collect();
    let silent = Split { units: counts, expected, chi_square: None, p_value: None, sequential_p_value: None, alarm: None };
    let (Ok(chi), Ok(ln_e)) = (chi_square(&spoken, weights), ln_e_value(&spoken, weights)) else {
        return Split { alarm: Some(SplitAlarm::Leak), ..silent };
    };
    let sequential = p_value(ln_e);
    let alarm = (chi.p_value < ALARM || sequential < ALARM).then_some(SplitAlarm::Imbalance);
    Split { chi_square: Some(chi.statistic), p_value: Some(chi.p_value), sequential_p_value: Some(sequential), alarm, ..silent }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exactly(units: f64) -> UnitEstimate {
        UnitEstimate { units, standard_error: 0.0, saturation: 0.0, saturated: false }
    }

    #[test]
    fn an_even_split_is_fine_and_an_uneven_one_is_not() {
        assert_eq!(judge(&[exactly(5_010.0), exactly(4_990.0)], &[0.5, 0.5]).alarm, None);
        assert_eq!(judge(&[exactly(4_900.0), exactly(5_600.0)], &[0.5, 0.5]).alarm, Some(SplitAlarm::Imbalance));
        assert_eq!(judge(&[exactly(500.0), exactly(3.0)], &[1.0, 0.0]).alarm, Some(SplitAlarm::Leak));
        assert_eq!(judge(&[exactly(0.0), exactly(0.0)], &[0.5, 0.5]).alarm, None);
    }

    #[test]
    fn a_count_that_is_off_is_no_imbalance() {
        let rough = |units| UnitEstimate { units, standard_error: 20_000.0, saturation: 0.9, saturated: false };
        assert_eq!(judge(&[rough(500_000.0), rough(520_000.0)], &[0.5, 0.5]).alarm, None);
        assert_eq!(judge(&[exactly(500_000.0), exactly(520_000.0)], &[0.5, 0.5]).alarm, Some(SplitAlarm::Imbalance));
    }
}
