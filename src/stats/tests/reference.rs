//! Values computed by others: GrowthBook's own tests, and scipy and statsmodels where nothing is said (docs/statistics.md).

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

use crate::stats::event_split::p_value;
use crate::stats::ratio::{Contrast, Ratio};
use crate::stats::sample_ratio::{chi_square, ln_e_value};
use crate::stats::sequence::{Sequence, Sides, widen};

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} to within {tolerance}");
}

fn sequence(sides: Sides, planned: f64) -> Sequence {
    Sequence::new(sides, 0.05, planned).expect("a proper sequence")
}

/// GrowthBook's `tests/frequentist/test_tests.py`, sequential cases: sum, sum of squares and units of both variants.
const A: (f64, f64, f64) = (1_396.87, 52_377.976_7, 3_000.0);
const B: (f64, f64, f64) = (2_422.7, 134_698.29, 3_461.0);

/// Mean, and its variance.
fn mean((sum, squares, units): (f64, f64, f64)) -> (f64, f64) {
    (sum / units, (squares - sum * sum / units) / (units - 1.0) / units)
}

/// The lift of B over A, and its standard error by the delta method.
fn lift() -> (f64, f64) {
    let ((a, variance_a), (b, variance_b)) = (mean(A), mean(B));
    ((b - a) / a, (variance_b / a.powi(2) + variance_a * b.powi(2) / a.powi(4)).sqrt())
}

#[test]
fn one_sided_sequences_are_growthbooks() {
    let boundary = sequence(Sides::One, 5_000.0).boundary(A.2 + B.2);
    let ((a, variance_a), (b, variance_b)) = (mean(A), mean(B));
    close(b - a - boundary * (variance_a + variance_b).sqrt(), -0.126_568_441_7, 1e-9);
    close(lift().0 - boundary * lift().1, -0.423_564_546_0, 1e-9);
}

#[test]
fn two_sided_sequences_are_growthbooks() {
    let (sequence, (lift, error)) = (sequence(Sides::Two, 1_000.0), lift());
    let boundary = sequence.boundary(A.2 + B.2);
    close(lift, 0.503_361_085_9, 1e-9);
    close(lift - boundary * error, -0.558_440_505_1, 1e-9);
    close(lift + boundary * error, 1.565_162_676_8, 1e-9);
    close(sequence.p_value(lift / error, A.2 + B.2), 1.0, 0.0);
}

/// The mixture parameter shows where a sample makes `n rho^2` one: there the boundary is `sqrt(4 ln(sqrt(2)/alpha))`.
#[test]
fn mixture_parameters_are_the_published_ones() {
    let two = (4.0 * (2_f64.sqrt() / 0.05).ln()).sqrt();
    let one = (4.0 * (2_f64.sqrt() / 0.1).ln_1p()).sqrt();
    for (sides, planned, rho, boundary) in [
        (Sides::Two, 5_000.0, 0.039_840_066_8_f64, two),
        (Sides::Two, 1_000.0, 0.089_085_097_5, two),
        (Sides::One, 5_000.0, 0.035_577_688_5, one),
    ] {
        close(sequence(sides, planned).boundary(rho.powi(-2)), boundary, 5e-9);
    }
}

#[test]
fn always_valid_p_values_are_the_published_ones() {
    let sequence = sequence(Sides::Two, 5_000.0);
    for (errors_away, p, tolerance) in
        [(2.5, 0.186_328, 5e-7), (3.0, 0.054_947_6, 5e-8), (3.5, 0.012_977_6, 5e-8), (4.0, 0.002_454_8, 5e-8)]
    {
        close(sequence.p_value(errors_away, 5_000.0), p, tolerance);
    }
}

#[test]
fn a_sequence_costs_what_is_published() {
    let sequence = sequence(Sides::Two, 5_000.0);
    for (sample, times) in [(100.0, 3.42), (1_000.0, 1.72), (5_000.0, 1.55), (20_000.0, 1.60)] {
        close(sequence.boundary(sample) / 1.959_963_985, times, 0.005);
    }
}

#[test]
fn a_ratio_has_the_standard_error_of_the_delta_method() {
    let pairs = [(3, 2), (1, 1), (4, 3), (1, 1), (5, 2), (9, 4), (2, 1), (6, 3)];
    let ratio = Ratio::of(pairs.into_iter()).expect("eight buckets");
    close(ratio.value, 1.823_529_411_8, 1e-10);
    close(ratio.variance.sqrt(), 0.188_546_165_3, 1e-10);
}

/// Fieller's root and the delta method agree in sign at the margin: the contrast is zero where the relative difference is it.
#[test]
fn a_relative_difference_has_growthbooks_variance() {
    let a = Ratio::of([(40, 10), (44, 10), (36, 10)].into_iter()).expect("three buckets");
    let b = Ratio::of([(50, 10), (58, 10), (48, 10)].into_iter()).expect("three buckets");
    let relative = Contrast::relative(&b, &a).expect("not of zero");
    close(relative.estimate, 0.3, 1e-12);
    close(relative.variance, b.variance / 16.0 + a.variance * 5.2_f64.powi(2) / 256.0, 1e-15);
}

#[test]
fn sample_ratio_tests_are_the_published_ones() {
    let even = [0.5, 0.5];
    let chi = chi_square(&[5_000, 5_300], &even).expect("two arms");
    close(chi.statistic, 8.737_864_077_7, 1e-9);
    close(chi.p_value, 0.003_116_693_8, 1e-10);
    let chi = chi_square(&[821_588, 815_482], &even).expect("two arms");
    close(chi.statistic, 22.774_37, 5e-6);
    close(chi.p_value, 1.821_792_87e-6, 1e-14);
    for (counts, weights, ln_e, p, tolerance) in [
        ([5_000, 5_300], even, 2.003_268, 0.134_894, 5e-7),
        ([100, 900], [0.05, 0.95], 17.597_939, 2.277e-8, 5e-12),
        ([500, 700], even, 14.173_087, 6.994e-7, 5e-11),
    ] {
        let found = ln_e_value(&counts, &weights).expect("two arms");
        close(found, ln_e, 5e-7);
        close(p_value(found), p, tolerance);
    }
    close(p_value(ln_e_value(&[821_588, 815_482], &even).expect("two arms")), 0.001_455_56, 5e-9);
}

#[test]
fn a_widened_distance_is_students() {
    let normal = Normal::standard();
    for (degrees, tolerance) in [(3.0, 0.08), (10.0, 0.01), (60.0, 0.001), (254.0, 0.001)] {
        let student = StudentsT::new(0.0, 1.0, degrees).expect("a distribution");
        for errors in [1.96, 2.5, 3.0] {
            // By the tail that is left, relative to the distance: quantiles of tails this thin are hard to compute.
            let widened = widen(errors, degrees);
            let [inner, outer] = [1.0 - tolerance, 1.0 + tolerance].map(|factor| student.sf(widened * factor));
            let tail = normal.sf(errors);
            assert!(outer < tail && tail < inner, "{errors} with {degrees} degrees became {widened}");
        }
    }
}
