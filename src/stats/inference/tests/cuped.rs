//! Adjustment by what was there before, as numpy and GrowthBook have it.

use super::close;
use crate::stats::inference::cuped::{Cell, Cuped};
use crate::stats::{Contrast, Ratio};

#[test]
fn a_pre_period_explains_what_numpy_says() {
    let (y, x) = ([3.0, 5.0, 4.0, 6.0, 8.0, 7.0, 9.0, 10.0], [1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0]);
    let cells: Vec<Cell> = y.iter().zip(x).map(|(y, x)| Cell { above: *y, below: 1.0, before: (x, 1.0) }).collect();
    let raw = Ratio::of_sums(cells.iter().map(|cell| (cell.above, cell.below))).expect("eight buckets");
    let cuped = Cuped::of(std::slice::from_ref(&cells)).expect("x varies");
    close(cuped.theta, 1.612_903_225_8, 1e-9);
    close(1.0 - cuped.explained, 0.039_938_556_1, 1e-9);
    let adjusted = cuped.adjust(&cells).expect("eight buckets");
    close(adjusted.estimate.value, raw.value, 1e-12);
    close(adjusted.estimate.variance / raw.variance, 0.039_938_556_1, 1e-9);
    close(adjusted.raw.variance, raw.variance, 1e-15);
    let flat: Vec<Cell> = cells.iter().map(|cell| Cell { before: (1.0, 1.0), ..*cell }).collect();
    assert_eq!(Cuped::of(&[flat]), None);
    let unseen: Vec<Cell> = cells.iter().map(|cell| Cell { before: (0.0, 0.0), ..*cell }).collect();
    assert_eq!(Cuped::of(&[cells, unseen]), None, "one arm was not watched before");
}

/// Two arms with the same numbers, in GrowthBook's `tests/test_shared_models.py`.
#[test]
fn theta_is_growthbooks() {
    let arm: Vec<Cell> = [(2.0, 0.3), (1.0, 0.5), (5.0, 0.9), (3.0, 22.0)]
        .map(|(after, before)| Cell { above: after, below: 1.0, before: (before, 1.0) })
        .into();
    close(Cuped::of(&[arm.clone(), arm]).expect("it varies").theta, 0.018_64, 5e-6);
}

/// The same file: a lift of adjusted ratios over the control's unadjusted one, with theta at a half, by the delta method over
/// four sums. Turning the metric around turns the lift around and leaves its error.
#[test]
fn a_lift_of_adjusted_ratios_is_growthbooks() {
    let arm = |sign: f64, after: [f64; 8], below: [f64; 8], before: [f64; 8], was_below: [f64; 8]| -> Vec<Cell> {
        (0..8).map(|i| Cell { above: sign * after[i], below: below[i], before: (sign * before[i], was_below[i]) }).collect()
    };
    let cuped = Cuped { theta: 0.5, explained: 0.0, center: 0.0 };
    for (after, lift, error) in [
        ([17.0, 12.0, 23.0, 28.0, 12.0, 22.0, 29.0, 16.0], 0.103_928_0, 0.028_619_6),
        ([14.0, 9.0, 17.0, 23.0, 9.0, 18.0, 22.0, 13.0], -0.137_206_8, 0.022_393_4),
    ] {
        for sign in [1.0, -1.0] {
            let control = arm(
                sign,
                [12.0, 19.0, 16.0, 24.0, 21.0, 9.0, 14.0, 26.0],
                [1.0, 2.0, 1.5, 2.5, 2.0, 1.0, 1.5, 2.5],
                [16.0, 11.0, 21.0, 19.0, 26.0, 11.0, 9.0, 21.0],
                [1.5, 1.0, 2.0, 2.0, 2.5, 1.0, 1.0, 2.0],
            );
            let treatment = arm(
                sign,
                after,
                [1.5, 1.0, 2.0, 2.5, 1.0, 2.0, 2.5, 1.5],
                [11.0, 17.0, 22.0, 27.0, 10.0, 27.0, 21.0, 16.0],
                [1.0, 1.5, 2.0, 2.5, 1.0, 2.5, 2.0, 1.5],
            );
            let [a, b] = [control, treatment].map(|arm| cuped.adjust(&arm).expect("eight buckets"));
            let found = Contrast::relative_to(b.estimate, a.estimate, &a.raw).expect("not of zero");
            close(found.estimate, sign * lift, 5e-8);
            close(found.standard_error(), error, 5e-8);
        }
    }
}
