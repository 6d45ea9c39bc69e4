//! What two lists have in common, whatever the order.

use super::{Hit, ids};

/// How many hits are in both, of as many as could be: `k`, or the longer list where neither has `k`. Equal lists are 1 also
/// where a filter leaves fewer than `k`.
#[must_use]
pub fn overlap_at_k(reference: &[Hit], candidate: &[Hit], k: usize) -> f64 {
    let possible = k.min(reference.len().max(candidate.len()));
    share(common(first(reference, k), first(candidate, k)), possible)
}

/// How many hits are in both, of those in either.
#[must_use]
pub fn jaccard(reference: &[Hit], candidate: &[Hit]) -> f64 {
    let common = common(reference, candidate);
    share(common, reference.len() + candidate.len() - common)
}

/// Whether both have the same point at the top; hits that tie with the first are at the top as well.
#[must_use]
pub fn top1(reference: &[Hit], candidate: &[Hit]) -> bool {
    let (top, other) = (tied_top(reference), tied_top(candidate));
    common(top, other) > 0
}

/// The first hit and those right behind it with the same score.
fn tied_top(hits: &[Hit]) -> &[Hit] {
    let tied = hits.first().map_or(0, |first| hits.iter().skip(1).take_while(|hit| hit.ties_with(first)).count() + 1);
    &hits[..tied]
}

fn first(hits: &[Hit], k: usize) -> &[Hit] {
    &hits[..k.min(hits.len())]
}

fn common(a: &[Hit], b: &[Hit]) -> usize {
    ids(a).intersection(&ids(b)).count()
}

/// Of nothing, nothing.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
