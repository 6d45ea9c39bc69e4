//! Ranks, as scipy, R and Kayenta have them.

use super::close;
use super::samples::{CONTROL, EXPERIMENT, HIGHER, LOWER, OF_HIGHER, OF_LOWER};
use crate::stats::inference::brunner_munzel::brunner_munzel;
use crate::stats::inference::ranks::{CONTINUITY, mann_whitney, normal_p, shift_interval};

const X: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const Y: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];
const TIED_X: [f64; 7] = [1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 8.0];
const TIED_Y: [f64; 8] = [2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0, 9.0];

#[test]
fn mann_whitney_without_ties_is_scipys() {
    let found = mann_whitney(&X, &Y).expect("there are values");
    close(found.u, 35.0, 0.0);
    close(found.p_value, 0.254_412_254_4, 1e-10);
    close(found.shift, 0.305, 1e-12);
    close(normal_p(35.0, (10.0, 5.0), 0.0, CONTINUITY), 0.244_623_605_1, 1e-10);
    close(normal_p(35.0, (10.0, 5.0), 0.0, 0.0), 0.220_671_361_9, 1e-10);
}

#[test]
fn mann_whitney_and_brunner_munzel_with_ties_are_scipys() {
    let tied = mann_whitney(&TIED_X, &TIED_Y).expect("there are values");
    close(tied.u, 15.0, 0.0);
    close(tied.p_value, 0.144_011_511_8, 1e-10);
    close(tied.shift, -2.0, 0.0);
    close(tied.a12, 0.267_857_142_9, 1e-10);
    let found = brunner_munzel(&TIED_Y, &TIED_X).expect("they overlap");
    close(found.statistic, 1.732_600_112_8, 1e-10);
    close(found.p_value, 0.107_193_590_9, 1e-10);
    close(brunner_munzel(&TIED_X, &TIED_Y).expect("they overlap").statistic, -found.statistic, 1e-12);
}

#[test]
fn kayentas_mann_whitney_suite() {
    let (high, low) = ([10.0, 20.0, 30.0, 40.0], [1.0, 2.0, 3.0, 4.0]);
    let found = mann_whitney(&high, &low).expect("there are values");
    close(found.shift, 22.5, 0.0);
    close(found.a12, 1.0, 0.0);
    for alpha in [0.05, 0.02] {
        let interval = shift_interval(&high, &low, alpha).expect("there are values");
        assert_eq!((interval.low, interval.high), (6.0, 39.0), "at {alpha}");
    }
}

/// Theirs are off by what their search for the point leaves: a ten-thousandth.
#[test]
fn ninety_values_against_ninety_of_r() {
    let found = mann_whitney(&EXPERIMENT, &CONTROL).expect("there are values");
    close(found.u, 3_344.0, 0.0);
    close(found.p_value, 0.040_972_234_8, 3e-10);
    close(found.shift, -0.5, 0.0);
    let interval = shift_interval(&EXPERIMENT, &CONTROL, 0.05).expect("there are values");
    close(interval.low, -0.500_002_5, 1e-4);
    close(interval.high, -3.486e-5, 1e-4);
}

#[test]
fn kayentas_common_language_effect_sizes() {
    close(mann_whitney(&HIGHER, &OF_HIGHER).expect("there are values").a12, 0.771, 1e-3);
    close(mann_whitney(&LOWER, &OF_LOWER).expect("there are values").a12, 0.12, 1e-9);
}

#[test]
fn without_values_or_without_a_spread_little_is_said() {
    close(mann_whitney(&[1.0; 20], &[1.0; 20]).expect("there are values").p_value, 1.0, 0.0);
    assert_eq!(mann_whitney(&[], &[1.0]), None);
    assert_eq!(mann_whitney(&[f64::NAN], &[1.0]), None);
    assert_eq!(shift_interval(&[], &[1.0], 0.05), None);
    let same = shift_interval(&[1.0; 20], &[1.0; 20], 0.05).expect("there are values");
    assert_eq!((same.low, same.high), (0.0, 0.0));
    assert_eq!(brunner_munzel(&[1.0], &[1.0, 2.0]), None);
    assert_eq!(brunner_munzel(&[3.0, 4.0], &[1.0, 2.0]), None, "nothing lies among the others");
}
