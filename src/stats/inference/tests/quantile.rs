//! Percentiles: GrowthBook's, and what must hold of clustered values.

use super::close;
use crate::stats::inference::quantile::{Grid, Quantile};
use crate::stats::{Contrast, Estimate, Values};

/// GrowthBook's `tests/bayesian/test_tests.py`: values that are independent, read at their ranks, compared without a prior.
#[test]
fn a_ninetieth_percentile_is_growthbooks() {
    let of = |value, ends, count| Estimate::from(&Quantile::of_ranks(value, ends, (count, count), 1.0));
    let a = of(7.157_987_489_967_789, (7.098_780_136_176_828, 7.217_194_843_758_751), 11_054.0);
    let b = of(7.694_499_927_525_767, (7.641_805_986_281_19, 7.747_193_868_770_344), 10_861.0);
    let difference = Contrast::difference(b, a, 1.0);
    close(difference.estimate, 0.536_512_44, 5e-9);
    // Theirs is the normal interval.
    let half = 1.959_963_984_540_054 * difference.standard_error();
    close(difference.estimate - half, 0.457_255_96, 5e-9);
    close(difference.estimate + half, 0.615_768_92, 5e-9);
    close(Contrast::relative(b, a).expect("not of zero").estimate, 0.074_952_97, 5e-9);
}

/// The numbers of the engineering statistics handbook. Kayenta interpolates between them; a sketch does not, and is within
/// a hundredth.
#[test]
fn a_ninetieth_percentile_of_reported_values() {
    let mut values = Values::default();
    for value in [95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.0610, 95.1591, 95.1195, 95.1772, 95.0925, 95.1990, 95.1682] {
        values.record(0, value, 1.0);
    }
    close(values.quantile(0.9).expect("there are values"), 95.195_68, 0.951_956_8);
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
