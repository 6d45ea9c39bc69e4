//! Values computed by others (docs/statistics.md says by whom), and what must hold for all values.

mod counts;

use super::cuped::{Cell, Cuped};
use super::effect::{cohens_d, hedges_g};
use super::family::{benjamini_hochberg, holm};
use super::fixed::{self, Sample};
use super::power::{Design, power};
use super::proportion::{newcombe, wilson};
use super::quantile::Grid;
use super::ranks::mann_whitney;
use super::{always, bayes};
use crate::stats::{Contrast, Estimate, Ratio};

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
    assert_eq!(bayes::chance_to_win(&flat), None);
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
fn rank_tests_are_scipys() {
    let x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    let y = [1.15, 0.88, 0.90, 0.74, 1.21];
    let found = mann_whitney(&x, &y).expect("there are values");
    close(found.u, 35.0, 0.0);
    close(found.p_value, 0.254_412_254_4, 1e-10);
    close(found.shift, 0.305, 1e-12);
    let tied = mann_whitney(&[1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 8.0], &[2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0, 9.0]).expect("there are values");
    close(tied.u, 15.0, 0.0);
    close(tied.p_value, 0.144_011_511_8, 1e-10);
    close(tied.shift, -2.0, 0.0);
    close(tied.a12, 0.267_857_142_9, 1e-10);
    let kayenta = mann_whitney(&[10.0, 20.0, 30.0, 40.0], &[1.0, 2.0, 3.0, 4.0]).expect("there are values");
    close(kayenta.shift, 22.5, 0.0);
    close(kayenta.a12, 1.0, 0.0);
    close(mann_whitney(&[1.0; 20], &[1.0; 20]).expect("there are values").p_value, 1.0, 0.0);
    assert_eq!(mann_whitney(&[], &[1.0]), None);
    assert_eq!(mann_whitney(&[f64::NAN], &[1.0]), None);
}

#[test]
fn intervals_of_shares_are_statsmodels() {
    let eight = wilson(8.0, 100.0, 0.05).expect("of something");
    close(eight.low, 0.041_093_461_5, 1e-9);
    close(eight.high, 0.149_981_077, 1e-9);
    let none = wilson(0.0, 50.0, 0.05).expect("of something");
    assert_eq!(none.low, 0.0);
    close(none.high, 0.071_347_599_1, 1e-9);
    let difference = newcombe((150.0, 1_000.0), (120.0, 1_000.0), 0.05).expect("of something");
    close(difference.low, 1.378e-5, 5e-9);
    close(difference.high, 0.060_008_258_6, 1e-9);
    assert_eq!(wilson(0.0, 0.0, 0.05), None);
    assert_eq!(wilson(3.0, 2.0, 0.05), None);
}

#[test]
fn adjusted_p_values_are_rs() {
    let p = [0.01, 0.02, 0.03, 0.005];
    all_close(&holm(&p), &[0.03, 0.04, 0.04, 0.02], 1e-12);
    all_close(&benjamini_hochberg(&p), &[0.02, 0.08 / 3.0, 0.03, 0.02], 1e-12);
    assert_eq!(holm(&[]), Vec::<f64>::new());
    assert_eq!(benjamini_hochberg(&[0.7]), [0.7]);
}

#[test]
fn sample_sizes_are_statsmodels() {
    let design = Design { alpha: 0.05, power: 0.8, ratio: 1.0 };
    // The closed form leaves the far tail out; statsmodels' solver counts it, as `power` does.
    close(design.units(0.2, 1.0, 1.0).expect("a difference"), 392.443_023, 2e-3);
    close(power(0.2, (2.0 / 392.443_023_f64).sqrt(), 0.05), 0.8, 1e-8);
    close(design.units(0.02, 0.1 * 0.9, 0.12 * 0.88).expect("a difference"), 3_838.102_2, 1e-4);
    close(design.detectable((2.0_f64 / 5_000.0).sqrt()), 0.056_031_704_4, 1e-9);
    assert_eq!(design.units(0.0, 1.0, 1.0), None);
    close(power(0.0, 1.0, 0.05), 0.05, 1e-9);
}

#[test]
fn a_pre_period_explains_what_numpy_says() {
    let (y, x) = ([3.0, 5.0, 4.0, 6.0, 8.0, 7.0, 9.0, 10.0], [1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0]);
    let cells: Vec<Cell> = y.iter().zip(x).map(|(y, x)| Cell { above: *y, below: 1.0, before: Some(x) }).collect();
    let raw = Ratio::of_sums(cells.iter().map(|cell| (cell.above, cell.below))).expect("eight buckets");
    let cuped = Cuped::of(std::slice::from_ref(&cells)).expect("x varies");
    close(cuped.theta, 1.612_903_225_8, 1e-9);
    close(1.0 - cuped.explained, 0.039_938_556_1, 1e-9);
    let adjusted = cuped.adjust(&cells).expect("eight buckets");
    close(adjusted.value, raw.value, 1e-12);
    close(adjusted.variance / raw.variance, 0.039_938_556_1, 1e-9);
    let flat: Vec<Cell> = cells.iter().map(|cell| Cell { before: Some(1.0), ..*cell }).collect();
    assert_eq!(Cuped::of(&[flat]), None);
}

#[test]
fn effect_sizes_of_known_samples() {
    // Two samples of the same spread, one standard deviation apart.
    let at = |mean| Sample { count: 5.0, mean, variance: 2.5 };
    let d = cohens_d(&at(4.0), &at(3.0)).expect("a spread");
    close(d, 1.0 / 2.5_f64.sqrt(), 1e-12);
    // The factor for 8 degrees of freedom, from tables of the gamma function.
    close(hedges_g(&at(4.0), &at(3.0)).expect("a spread") / d, 6.0 / (4.0_f64.sqrt() * 3.323_350_970_447_843), 1e-12);
}

/// A grid whose cells are one wide, and groups that see every value alike: as of independent values.
#[test]
fn a_quantile_of_groups_that_are_alike_is_nearly_that_of_independent_values() {
    let bounds: Vec<f64> = (0..=1_000).map(f64::from).collect();
    let mut random = fastrand::Rng::with_seed(11);
    let mut groups = vec![vec![0_u64; 1_000]; 16];
    for _ in 0..64_000 {
        groups[random.usize(..16)][random.usize(..1_000)] += 1;
    }
    let grid = Grid { groups: &groups, bounds: &bounds };
    let found = grid.quantile(0.95).expect("many values");
    close(found.value, 950.0, 3.0);
    let independent = 1_000.0 * (0.95 * 0.05 / 64_000.0_f64).sqrt();
    close(found.variance.sqrt() / found.design_effect.sqrt(), independent, independent * 0.2);
    assert!((0.2..3.0).contains(&found.design_effect), "{found:?}");
    assert_eq!(Grid { groups: &groups[..1], bounds: &bounds }.quantile(0.95), None, "one group cannot differ from another");
    let few = vec![vec![3_u64, 3], vec![3, 3]];
    assert_eq!(Grid { groups: &few, bounds: &[0.0, 1.0, 2.0] }.quantile(0.99), None, "too few to say");
}

/// When each group has values of its own, the quantile is as uncertain as the groups are few.
#[test]
fn a_quantile_of_groups_that_differ_is_less_certain() {
    let bounds: Vec<f64> = (0..=16).map(f64::from).collect();
    let groups: Vec<Vec<u64>> = (0..16).map(|group| (0..16).map(|cell| if cell == group { 1_000 } else { 0 }).collect()).collect();
    let found = Grid { groups: &groups, bounds: &bounds }.quantile(0.5).expect("many values");
    assert!(found.design_effect > 500.0, "{found:?}");
}
