//! Tests on ranks: no assumption about the shape of values, none about their scale.

use super::differences::Differences;
use super::{Interval, normal_quantile, normal_tails};

/// U is a whole number, or half of one, and a normal distribution is not: it is read in the middle between two values.
pub(super) const CONTINUITY: f64 = 0.5;

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
    let differences = Differences::of(b, a)?;
    let (in_b, in_a) = (b.len() as f64, a.len() as f64);
    let Ranked { sum: rank_sum, tie_term } = ranked(b, a);
    let u = rank_sum - in_b * (in_b + 1.0) / 2.0;
    let exact = tie_term == 0.0 && b.len().min(a.len()) <= EXACT;
    let p_value = if exact { exact_p(u, b.len(), a.len()) } else { normal_p(u, (in_b, in_a), tie_term, CONTINUITY) };
    Some(MannWhitney { u, p_value, a12: u / (in_b * in_a), shift: differences.median() })
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

/// Both tails of a normal distribution, with the correction for ties and one for continuity.
pub(super) fn normal_p(u: f64, (in_b, in_a): (f64, f64), tie_term: f64, continuity: f64) -> f64 {
    let deviation = deviation(in_b, in_a, tie_term);
    let away = ((u - in_b * in_a / 2.0).abs() - continuity).max(0.0);
    if deviation > 0.0 { normal_tails(away / deviation) } else { 1.0 }
}

/// The standard deviation of U where there is no difference.
fn deviation(in_b: f64, in_a: f64, tie_term: f64) -> f64 {
    let all = in_b + in_a;
    (in_b * in_a / 12.0 * (all + 1.0 - tie_term / (all * (all - 1.0)))).max(0.0).sqrt()
}

/// The shifts that the test would not reject, those [`MannWhitney::shift`] lies among: the differences between which U is as
/// far from its middle as chance takes it, as R's `wilcox.test` and Kayenta find them by trying. None as in [`mann_whitney`].
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the differences")]
pub fn shift_interval(b: &[f64], a: &[f64], alpha: f64) -> Option<Interval> {
    let differences = Differences::of(b, a)?;
    let (in_b, in_a) = (b.len() as f64, a.len() as f64);
    // Shifted by anything but a difference, a sample has ties with itself only.
    let deviation = deviation(in_b, in_a, ranked(b, &[]).tie_term + ranked(a, &[]).tie_term);
    let most = in_b * in_a / 2.0 + CONTINUITY + normal_quantile(alpha / 2.0) * deviation;
    let last = differences.count() - 1;
    let place = ((most.ceil() - 1.0) as usize).min(last);
    Some(Interval { low: differences.nth(last - place), high: differences.nth(place) })
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

/// The ranks, counted from below, between which a quantile of `count` independent values lies with this confidence.
#[must_use]
pub fn quantile_ranks(q: f64, count: f64, alpha: f64) -> (f64, f64) {
    let half = normal_quantile(alpha / 2.0) * (q * (1.0 - q) / count).sqrt();
    (count * (q - half), count * (q + half))
}
