//! Barnard's (1945) exact test of two shares. Stronger than Fisher's where there are few, because it does not take the number
//! of events for given: it tries every share both could have.

use std::f64::consts::FRAC_PI_2;
use std::ops::Range;

use statrs::function::factorial::ln_binomial;

use super::shares::Counted;

/// What is tried grows with the square of this.
const MOST: u64 = 200;
/// Shares that are tried at first, closer together where shares are small or large; around the worst of them more are.
const TRIED: u32 = 300;
/// Chances that are no smaller than this part of the largest are looked at closely.
const NEARLY: f64 = 0.995;
/// How often what is left of the neighbourhood is cut by a third.
const CUTS: u32 = 25;
/// Statistics that are equal but for rounding are equal.
const ROUNDING: f64 = 1e-12;

/// The largest chance, whatever share both have, of a pooled difference at least as far from zero as the one of `b` and `a`.
/// None of nothing, and of more than two hundred in all.
#[must_use]
pub fn barnard(b: Counted, a: Counted) -> Option<f64> {
    if b.0 > b.1 || a.0 > a.1 || b.1 == 0 || a.1 == 0 || b.1.checked_add(a.1)? > MOST {
        return None;
    }
    let seen = distance((b.0, b.1), (a.0, a.1)) - ROUNDING;
    let usual: Vec<Range<usize>> = (0..=b.1).map(|of_b| usual((of_b, b.1), a.1, seen)).collect();
    // By the angle of a share, which is as well known where shares are small as elsewhere.
    let (ways_b, ways_a) = (ln_ways(b.1), ln_ways(a.1));
    let chance = |angle: f64| chance(&usual, &ways_b, &ways_a, angle.sin().powi(2));
    let step = FRAC_PI_2 / f64::from(TRIED);
    let tried: Vec<(f64, f64)> = (0..=TRIED).map(|at| f64::from(at) * step).map(|angle| (angle, chance(angle))).collect();
    let largest = tried.iter().map(|(_, chance)| *chance).fold(0.0, f64::max);
    // The chance has many peaks, of which the highest may be tried further from its top than another.
    let near = tried.windows(3).filter(|of| of[1].1 >= of[0].1.max(of[2].1) && of[1].1 >= largest * NEARLY);
    let peaks = near.map(|of| peak(of[0].0, of[2].0, chance));
    Some(peaks.fold(largest, f64::max).min(1.0))
}

/// With so many events in `b`, how many in `a` make for less of a difference than was seen: a range, for the difference only
/// falls and then rises with them.
fn usual(b: Counted, count_a: u64, seen: f64) -> Range<usize> {
    let far: Vec<bool> = (0..=count_a).map(|of_a| distance(b, (of_a, count_a)) >= seen).collect();
    let first = far.iter().position(|far| !far).unwrap_or(0);
    let last = far.iter().rposition(|far| !far).map_or(first, |last| last + 1);
    first..last
}

/// In standard errors of two equal shares; nothing where all are alike.
fn distance((events_b, count_b): Counted, (events_a, count_a): Counted) -> f64 {
    let (count_b, count_a) = (count_b as f64, count_a as f64);
    let pooled = (events_b + events_a) as f64 / (count_b + count_a);
    let error = (pooled * (1.0 - pooled) * (1.0 / count_b + 1.0 / count_a)).sqrt();
    if error > 0.0 { ((events_b as f64 / count_b - events_a as f64 / count_a) / error).abs() } else { 0.0 }
}

/// Of any table that is not usual, if both have this share.
fn chance(usual: &[Range<usize>], ways_b: &[f64], ways_a: &[f64], share: f64) -> f64 {
    let (of_b, of_a) = (row(ways_b, share), row(ways_a, share));
    let mut sums = vec![0.0];
    for chance in &of_a {
        sums.push(sums[sums.len() - 1] + chance);
    }
    let all = sums[sums.len() - 1];
    of_b.iter().zip(usual).map(|(of_b, usual)| of_b * (all - (sums[usual.end] - sums[usual.start]))).sum()
}

/// The logarithms of how many ways there are to have each number of events.
fn ln_ways(count: u64) -> Vec<f64> {
    (0..=count).map(|events| ln_binomial(count, events)).collect()
}

/// The chance of each number of events.
fn row(ln_ways: &[f64], share: f64) -> Vec<f64> {
    let count = ln_ways.len() - 1;
    let (events, others) = (share.ln(), (-share).ln_1p());
    // Of what is certain to be or not to be, only the end of the row is possible; nothing times infinity is no number.
    let part = |times: usize, ln: f64| if times == 0 { 0.0 } else { times as f64 * ln };
    ln_ways.iter().enumerate().map(|(at, ways)| (ways + part(at, events) + part(count - at, others)).exp()).collect()
}

/// The largest value of a function with one peak between two points.
fn peak(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..CUTS {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if value(left) < value(right) { low = left } else { high = right }
    }
    value(f64::midpoint(low, high))
}
