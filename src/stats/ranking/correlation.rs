//! Whether the points that two lists have in common stand in the same order.
//!
//! On the common points only: a point that one list does not have has no rank there. Hits with the same score share a rank.
//! With fewer than [`FEWEST`] in common a correlation is a coin toss, and none is given.

use super::Hit;

/// Two points agree or not; three can begin to tell.
const FEWEST: usize = 3;

/// The common points' ranks in both lists, the best first; tied ones have the mean of their places.
fn common_ranks(a: &[Hit], b: &[Hit]) -> Option<Vec<(f64, f64)>> {
    let common = |list: &[Hit], other: &[Hit]| -> Vec<Hit> {
        list.iter().filter(|hit| other.iter().any(|known| known.id == hit.id)).copied().collect()
    };
    let (a, b) = (common(a, b), common(b, a));
    if a.len() < FEWEST {
        return None;
    }
    let (ranks_a, ranks_b) = (ranks(&a), ranks(&b));
    let place = |hit: &Hit| b.iter().position(|other| other.id == hit.id);
    let pairs = a.iter().zip(ranks_a).filter_map(|(hit, rank)| Some((rank, ranks_b[place(hit)?])));
    Some(pairs.collect())
}

fn ranks(hits: &[Hit]) -> Vec<f64> {
    let mut ranks = Vec::with_capacity(hits.len());
    while ranks.len() < hits.len() {
        let start = ranks.len();
        let tied = hits[start + 1..].iter().take_while(|hit| hit.ties_with(&hits[start])).count();
        let mean = start as f64 + tied as f64 / 2.0;
        ranks.resize(start + tied + 1, mean);
    }
    ranks
}

/// Kendall's tau-b of the common points. None below three, or where one list has them all tied.
#[must_use]
pub fn kendall_tau_b(a: &[Hit], b: &[Hit]) -> Option<f64> {
    tau(&common_ranks(a, b)?, |_, _| 1.0)
}

/// Kendall's tau with more weight on the top, `1/(r+1) + 1/(s+1)` for a pair at places r and s (Vigna, 2015): the mean of
/// weighing by either list's places.
#[must_use]
pub fn weighted_tau(a: &[Hit], b: &[Hit]) -> Option<f64> {
    let pairs = common_ranks(a, b)?;
    let weight = |rank: f64, other: f64| 1.0 / (rank + 1.0) + 1.0 / (other + 1.0);
    let by_a = tau(&pairs, |x, y| weight(x.0, y.0))?;
    let by_b = tau(&pairs, |x, y| weight(x.1, y.1))?;
    Some(f64::midpoint(by_a, by_b))
}

type Ranks = (f64, f64);

/// Concordant less discordant pairs, by weight, of those that are tied in neither list.
fn tau(pairs: &[Ranks], weight: impl Fn(Ranks, Ranks) -> f64) -> Option<f64> {
    let (mut concordant, mut untied_a, mut untied_b) = (0.0, 0.0, 0.0);
    for (index, x) in pairs.iter().enumerate() {
        for y in &pairs[index + 1..] {
            let weight = weight(*x, *y);
            let (in_a, in_b) = (sign(x.0 - y.0), sign(x.1 - y.1));
            concordant += weight * in_a * in_b;
            untied_a += weight * in_a * in_a;
            untied_b += weight * in_b * in_b;
        }
    }
    let scale = f64::sqrt(untied_a * untied_b);
    (scale > 0.0).then(|| concordant / scale)
}

fn sign(difference: f64) -> f64 {
    if difference == 0.0 { 0.0 } else { difference.signum() }
}

/// Spearman's rank correlation of the common points. None below three, or where one list has them all tied.
#[must_use]
pub fn spearman(a: &[Hit], b: &[Hit]) -> Option<f64> {
    let pairs = common_ranks(a, b)?;
    // Ranks of both lists add up to the same, ties or not.
    let mean = (pairs.len() as f64 - 1.0) / 2.0;
    let sum = |of: fn(Ranks) -> f64| -> f64 { pairs.iter().map(|(a, b)| of((a - mean, b - mean))).sum() };
    let scale = (sum(|(a, _)| a * a) * sum(|(_, b)| b * b)).sqrt();
    (scale > 0.0).then(|| sum(|(a, b)| a * b) / scale)
}
