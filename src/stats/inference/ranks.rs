//! Tests on ranks: no assumption about the shape of values, none about their scale.

use super::{normal_quantile, normal_tails};

/// With no more values than this on one side, and no ties, the distribution of U is counted out.
const EXACT: usize = 8;

/// Mann and Whitney's test of `b` against `a`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which `b` is larger, ties counting half.
    pub u: f64,
    pub p_value: f64,
    /// Vargha and Delaney's A12, the common-language effect size: the chance that a value of `b` is larger than one of `a`.
    pub a12: f64,
    /// Hodges and Lehmann's shift: the median of all differences.
    pub shift: f64,
}

/// None without values on both sides, or where one is not a number.
#[must_use]
pub fn mann_whitney(b: &[f64], a: &[f64]) -> Option<MannWhitney> {
    if b.is_empty() || a.is_empty() || b.iter().chain(a).any(|value| !value.is_finite()) {
        return None;
    }
    let (in_b, in_a) = (b.len() as f64, a.len() as f64);
    let Ranked { sum: rank_sum, tie_term } = ranked(b, a);
    let u = rank_sum - in_b * (in_b + 1.0) / 2.0;
    let exact = tie_term == 0.0 && b.len().min(a.len()) <= EXACT;
    let p_value = if exact { exact_p(u, b.len(), a.len()) } else { normal_p(u, in_b, in_a, tie_term) };
    Some(MannWhitney { u, p_value, a12: u / (in_b * in_a), shift: shift(b, a) })
}

struct Ranked {
    /// Of the ranks of `b`.
    sum: f64,
    /// `sum(t^3 - t)` over groups of equal values.
    tie_term: f64,
}

fn ranked(b: &[f64], a: &[f64]) -> Ranked {
    let mut all: Vec<(f64, bool)> = b.iter().map(|value| (*value, true)).chain(a.iter().map(|value| (*value, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (mut sum, mut tie_term, mut start) = (0.0, 0.0, 0);
    for group in all.chunk_by(|x, y| x.0 == y.0) {
        let size = group.len() as f64;
        let middle = start as f64 + (size + 1.0) / 2.0;
        sum += middle * group.iter().filter(|(_, of_b)| *of_b).count() as f64;
        tie_term += size * size * size - size;
        start += group.len();
    }
    Ranked { sum, tie_term }
}

/// Both tails of a normal distribution, with the correction for continuity and for ties.
fn normal_p(u: f64, in_b: f64, in_a: f64, tie_term: f64) -> f64 {
    let all = in_b + in_a;
    let variance = in_b * in_a / 12.0 * (all + 1.0 - tie_term / (all * (all - 1.0)));
    let away = ((u - in_b * in_a / 2.0).abs() - 0.5).max(0.0);
    if variance > 0.0 { normal_tails(away / variance.sqrt()) } else { 1.0 }
}

/// How many of all orders of the values give each U, as Mann and Whitney (1947) counted them: twice the smaller tail.
fn exact_p(u: f64, in_b: usize, in_a: usize) -> f64 {
    let most = in_b * in_a;
    // The coefficients of the Gaussian binomial, built factor by factor: times (1 - q^(a + i)), by (1 - q^i).
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for factor in 1..=in_b {
        for at in (in_a + factor..=most).rev() {
            ways[at] -= ways[at - in_a - factor];
        }
        for at in factor..=most {
            ways[at] += ways[at - factor];
        }
    }
    let total: f64 = ways.iter().sum();
    let low = u.min(most as f64 - u);
    let tail: f64 = ways.iter().enumerate().take_while(|(at, _)| *at as f64 <= low).map(|(_, ways)| ways).sum();
    (2.0 * tail / total).min(1.0)
}

fn shift(b: &[f64], a: &[f64]) -> f64 {
    let mut differences: Vec<f64> = b.iter().flat_map(|of_b| a.iter().map(move |of_a| of_b - of_a)).collect();
    let (count, middle) = (differences.len(), differences.len() / 2);
    let (below, upper, _) = differences.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| count % 2 == 0);
    lower.map_or(*upper, |lower| f64::midpoint(lower, *upper))
}

/// The ranks, counted from below, between which a quantile of `count` independent values lies with this confidence.
#[must_use]
pub fn quantile_ranks(q: f64, count: f64, alpha: f64) -> (f64, f64) {
    let half = normal_quantile(alpha / 2.0) * (q * (1.0 - q) / count).sqrt();
    (count * (q - half), count * (q + half))
}
