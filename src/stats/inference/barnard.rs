//! Barnard's (1945) exact test of two shares. Stronger than Fisher's where there are few, because it does not take the number
//! of events for given: it tries every share both could have.

use statrs::distribution::{Binomial, Discrete as _};

use super::shares::Counted;

/// What is tried grows with the square of this.
const MOST: u64 = 200;
/// Shares that are tried at first; around the worst of them more are.
const TRIED: u32 = 200;
/// How often what is left of the neighbourhood is cut by a third.
const CUTS: u32 = 40;
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
    let tables = (0..=b.1).flat_map(|of_b| (0..=a.1).map(move |of_a| (of_b, of_a)));
    let extreme: Vec<(u64, u64)> = tables.filter(|(of_b, of_a)| distance((*of_b, b.1), (*of_a, a.1)) >= seen).collect();
    let chance = |share: f64| chance(&extreme, b.1, a.1, share);
    let shares: Vec<f64> = (0..=TRIED).map(|step| f64::from(step) / f64::from(TRIED)).collect();
    let worst = shares.iter().copied().max_by(|x, y| chance(*x).total_cmp(&chance(*y)))?;
    let step = 1.0 / f64::from(TRIED);
    Some(peak((worst - step).max(0.0), (worst + step).min(1.0), chance).min(1.0))
}

/// In standard errors of two equal shares; nothing where all are alike.
fn distance((events_b, count_b): Counted, (events_a, count_a): Counted) -> f64 {
    let (count_b, count_a) = (count_b as f64, count_a as f64);
    let pooled = (events_b + events_a) as f64 / (count_b + count_a);
    let error = (pooled * (1.0 - pooled) * (1.0 / count_b + 1.0 / count_a)).sqrt();
    if error > 0.0 { ((events_b as f64 / count_b - events_a as f64 / count_a) / error).abs() } else { 0.0 }
}

/// Of any of these tables, if both have this share.
fn chance(tables: &[(u64, u64)], count_b: u64, count_a: u64, share: f64) -> f64 {
    let row = |count: u64| -> Vec<f64> {
        Binomial::new(share, count).map(|binomial| (0..=count).map(|events| binomial.pmf(events)).collect()).unwrap_or_default()
    };
    let (of_b, of_a) = (row(count_b), row(count_a));
    let place = |row: &[f64], events: u64| usize::try_from(events).ok().and_then(|events| row.get(events)).copied().unwrap_or(0.0);
    tables.iter().map(|(events_b, events_a)| place(&of_b, *events_b) * place(&of_a, *events_a)).sum()
}

/// The largest value of a function with one peak between two points.
fn peak(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..CUTS {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if value(left) < value(right) { low = left } else { high = right }
    }
    value(f64::midpoint(low, high))
}
