//! Values computed by others (docs/statistics.md says by whom), and what must hold for all values.

mod counts;
mod cuped;
mod effect;
mod power;
mod quantile;
mod ranks;
mod samples;
mod shares;

use super::bayes::{Prior, chance_to_win};
use super::effect::{cohens_d, hedges_g};
use super::family::{benjamini_hochberg, benjamini_yekutieli, holm};
use super::fixed::{self, Sample};
use super::{always, jackknife};
use crate::stats::{Contrast, Estimate};

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} to within {tolerance}");
}

fn all_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(found, expected)| close(*found, *expected, tolerance));
}

/// From a sum, a sum of squares and a count.
fn sample(sum: f64, squares: f64, count: f64) -> Sample {
    Sample { count, mean: sum / count, variance: (squares - sum * sum / count) / (count - 1.0) }
}

/// GrowthBook's `tests/frequentist/test_tests.py`.
fn growthbook() -> (Sample, Sample) {
    (sample(1_396.87, 52_377.976_7, 3_407.0), sample(2_422.7, 134_698.29, 3_461.0))
}

fn estimate(sample: &Sample) -> Estimate {
    Estimate { value: sample.mean, variance: sample.variance / sample.count, degrees: sample.count - 1.0, weight: sample.count }
}

#[test]
fn welchs_test_is_growthbooks_and_scipys() {
    let (a, b) = growthbook();
    let contrast = Contrast::of_samples(&b, &a).expect("enough values");
    let fixed = fixed::test(&contrast, 0.05).expect("there is a spread");
    close(contrast.estimate, 0.29, 1e-9);
    close(fixed.standard_error, 0.124_783_631_6, 1e-9);
    close(fixed.degrees, 5_841.742_032, 1e-5);
    close(fixed.p_value, 0.020_158_402_6, 1e-9);
    close(fixed.interval.low, 0.045_377_892_6, 1e-8);
    close(fixed.interval.high, 0.534_622_107_4, 1e-8);
    assert_eq!(Contrast::difference(estimate(&b), estimate(&a), 1.0), contrast, "the same by estimates");
}

/// GrowthBook takes the degrees of freedom of the difference for the lift too; those of the lift itself are fewer.
#[test]
fn a_relative_lift_is_growthbooks() {
    let (a, b) = growthbook();
    let lift = Contrast::relative(estimate(&b), estimate(&a)).expect("the mean is not zero");
    close(lift.estimate, 0.707_317_073_2, 1e-9);
    close(lift.standard_error(), 0.378_794_361_7, 1e-9);
    let theirs = fixed::test(&Contrast { degrees: 5_841.742_032, ..lift }, 0.05).expect("there is a spread");
    close(theirs.p_value, 0.061_911_827_5, 1e-9);
    let ours = fixed::test(&lift, 0.05).expect("there is a spread");
    close(ours.p_value, theirs.p_value, 1e-4);
}

#[test]
fn without_a_spread_there_is_no_test() {
    let flat = Contrast { estimate: 1.0, variance: 0.0, degrees: 10.0, sample: 20.0 };
    assert_eq!(fixed::test(&flat, 0.05), None);
    assert_eq!(always::test(&flat, 0.05, 20.0, 100.0), None);
    assert_eq!(chance_to_win(&flat, &Prior::USUAL), None);
    let one = Sample { count: 1.0, mean: 1.0, variance: 0.0 };
    assert_eq!(Contrast::of_samples(&one, &one), None);
    assert_eq!(cohens_d(&one, &one), None);
    assert_eq!(hedges_g(&one, &one), None);
}

#[test]
fn an_interval_and_its_p_value_agree_at_every_look() {
    for degrees in [5.0, 40.0, 1e6] {
        for seen in [50.0, 5_000.0, 500_000.0] {
            for errors in [0.5, 2.0, 3.0, 5.0] {
                let contrast = Contrast { estimate: errors, variance: 1.0, degrees, sample: seen };
                let look = always::test(&contrast, 0.05, seen, 5_000.0).expect("there is a spread");
                assert_eq!(look.interval.low > 0.0, look.p_value < 0.05, "{errors} after {seen} with {degrees} degrees: {look:?}");
                let once = fixed::test(&contrast, 0.05).expect("there is a spread");
                assert!(once.p_value <= look.p_value + 0.02, "looking often costs something: {once:?}, {look:?}");
            }
        }
    }
}

#[test]
fn adjusted_p_values_are_rs() {
    let p = [0.01, 0.02, 0.03, 0.005];
    all_close(&holm(&p), &[0.03, 0.04, 0.04, 0.02], 1e-12);
    all_close(&benjamini_hochberg(&p), &[0.02, 0.08 / 3.0, 0.03, 0.02], 1e-12);
    all_close(&benjamini_yekutieli(&p), &[0.041_666_7, 0.055_555_6, 0.0625, 0.041_666_7], 5e-8);
    assert_eq!(holm(&[]), Vec::<f64>::new());
    assert_eq!(benjamini_hochberg(&[0.7]), [0.7]);
}

/// GrowthBook's `tests/frequentist/test_tests.py` again; their variance of a share has the count below the line.
#[test]
fn a_relative_lift_of_shares_is_growthbooks() {
    let share = |events: f64, count: f64| {
        let value = events / count;
        Estimate { value, variance: value * (1.0 - value) / count, degrees: count - 1.0, weight: count }
    };
    let (b, a) = (share(16.0, 30.0), share(14.0, 28.0));
    let lift = Contrast::relative(b, a).expect("the mean is not zero");
    close(lift.estimate, 0.066_67, 5e-6);
    let theirs = Contrast { degrees: Contrast::difference(b, a, 1.0).degrees, ..lift };
    let found = fixed::test(&theirs, 0.05).expect("there is a spread");
    close(found.p_value, 0.807_07, 5e-6);
    close(found.interval.low, -0.477_67, 5e-6);
    close(found.interval.high, 0.611_01, 5e-6);
}

/// GrowthBook's `tests/bayesian/test_tests.py`: without a prior, and with one.
#[test]
fn the_chance_to_win_is_growthbooks() {
    let lift = Contrast { estimate: 0.05, variance: 0.035_718_f64.powi(2), degrees: f64::INFINITY, sample: 20.0 };
    let flat = Prior { mean: 0.0, variance: f64::INFINITY };
    close(chance_to_win(&lift, &flat).expect("there is a spread"), 0.919_22, 1e-5);
    close(chance_to_win(&lift, &Prior { mean: 0.1, variance: 0.1 }).expect("there is a spread"), 0.923_15, 2e-5);
}

#[test]
fn a_ratio_has_the_standard_error_of_the_jackknife() {
    let pairs = [(3.0, 2.0), (1.0, 1.0), (4.0, 3.0), (1.0, 1.0), (5.0, 2.0), (9.0, 4.0), (2.0, 1.0), (6.0, 3.0)];
    close(jackknife::standard_error(pairs.into_iter()).expect("eight buckets"), 0.198_549_034_8, 1e-10);
    assert_eq!(jackknife::standard_error(pairs.into_iter().take(1)), None);
    assert_eq!(jackknife::standard_error([(1.0, 1.0), (0.0, 0.0)].into_iter()), None);
}
