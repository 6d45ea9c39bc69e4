//! Are the units where chance should have put them? If not, some are lost on their way to one arm, and whatever differs
//! between the arms may be no more than that.

use schemars::JsonSchema;
use serde::Serialize;

use crate::stats::UnitEstimate;
use crate::stats::event_split::p_value;
use crate::stats::sample_ratio::{chi_square, ln_e_value};

/// An alarm is raised below this: an imbalance that chance makes once in a thousand experiments.
const ALARM: f64 = 0.001;

/// Why nothing can be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitAlarm {
    /// The shares of the units are not those of the weights.
    Imbalance,
    /// An arm of weight zero has units.
    Leak,
}

/// Units by arm, and what is to be thought of them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "UnitSplit")]
pub struct Split {
    pub units: Vec<f64>,
    #[schemars(with = "Vec<Option<f64>>")]
    pub expected: Vec<f64>,
    pub chi_square: Option<f64>,
    /// Of one look.
    pub p_value: Option<f64>,
    /// Valid at every look.
    pub sequential_p_value: Option<f64>,
    pub alarm: Option<SplitAlarm>,
}

/// Where units were meant to be, and whether more of them can come.
#[derive(Clone, Copy, Debug)]
pub struct Dealt<'a> {
    /// Of the arms, in any unit.
    pub shares: &'a [f64],
    /// No more units come, so that one look has the last word; until then only what is valid at every look raises an alarm.
    pub is_over: bool,
}

/// Counts of many units are estimates: what they are off by is no imbalance, so counts speak with as many units as would be
/// as uncertain. Where there are more than can be estimated, nothing is said.
#[must_use]
pub fn judge(units: &[UnitEstimate], dealt: &Dealt<'_>) -> Split {
    let counts: Vec<f64> = units.iter().map(|estimate| estimate.units).collect();
    let total: f64 = counts.iter().sum();
    let sum: f64 = dealt.shares.iter().sum();
    let expected: Vec<f64> = dealt.shares.iter().map(|share| if sum > 0.0 { total * share / sum } else { 0.0 }).collect();
    let inflation = units.iter().zip(&expected).filter(|(_, expected)| **expected > 0.0);
    let inflation = inflation.map(|(estimate, expected)| 1.0 + estimate.standard_error.powi(2) / expected).fold(1.0, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of a count, above zero")]
    let spoken: Vec<u64> = counts.iter().map(|count| (count / inflation).round() as u64).collect();
    let silent = Split { units: counts, expected, chi_square: None, p_value: None, sequential_p_value: None, alarm: None };
    if units.iter().any(|estimate| estimate.saturated) {
        return silent;
    }
    let (Ok(chi), Ok(ln_e)) = (chi_square(&spoken, dealt.shares), ln_e_value(&spoken, dealt.shares)) else {
        return Split { alarm: Some(SplitAlarm::Leak), ..silent };
    };
    let sequential = p_value(ln_e);
    let uneven = sequential < ALARM || (dealt.is_over && chi.p_value < ALARM);
    Split {
        chi_square: Some(chi.statistic),
        p_value: Some(chi.p_value),
        sequential_p_value: Some(sequential),
        alarm: uneven.then_some(SplitAlarm::Imbalance),
        ..silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALVES: Dealt<'_> = Dealt { shares: &[0.5, 0.5], is_over: true };

    fn alarm(units: [f64; 2], dealt: &Dealt<'_>) -> Option<SplitAlarm> {
        judge(&units.map(UnitEstimate::exactly), dealt).alarm
    }

    #[test]
    fn an_even_split_is_fine_and_an_uneven_one_is_not() {
        assert_eq!(alarm([5_010.0, 4_990.0], &HALVES), None);
        assert_eq!(alarm([4_900.0, 5_600.0], &HALVES), Some(SplitAlarm::Imbalance));
        assert_eq!(alarm([500.0, 3.0], &Dealt { shares: &[1.0, 0.0], is_over: true }), Some(SplitAlarm::Leak));
        assert_eq!(alarm([0.0, 0.0], &HALVES), None);
    }

    /// Whoever looks often enough sees one in a thousand.
    #[test]
    fn before_the_end_only_what_holds_at_every_look_raises_an_alarm() {
        let (units, during) = ([4_830.0, 5_170.0], Dealt { is_over: false, ..HALVES });
        let split = judge(&units.map(UnitEstimate::exactly), &during);
        assert!(split.p_value < Some(ALARM) && split.sequential_p_value > Some(ALARM), "{split:?}");
        assert_eq!((split.alarm, alarm(units, &HALVES)), (None, Some(SplitAlarm::Imbalance)));
        assert_eq!(alarm([4_600.0, 5_400.0], &during), Some(SplitAlarm::Imbalance));
    }

    #[test]
    fn a_count_that_is_off_is_no_imbalance() {
        let rough = |units| UnitEstimate { units, standard_error: 20_000.0, saturated: false };
        assert_eq!(judge(&[rough(500_000.0), rough(520_000.0)], &HALVES).alarm, None);
        assert_eq!(alarm([500_000.0, 520_000.0], &HALVES), Some(SplitAlarm::Imbalance));
    }

    #[test]
    fn what_cannot_be_counted_is_not_judged() {
        let full = UnitEstimate { units: 7e8, standard_error: 6e7, saturated: true };
        let split = judge(&[full, UnitEstimate::exactly(1e8)], &HALVES);
        assert_eq!((split.alarm, split.p_value), (None, None));
    }
}
