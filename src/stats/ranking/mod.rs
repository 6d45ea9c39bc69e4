//! How alike two answers to one question are: what of the one is in the other, and in which order.
//!
//! PURE. Written for shadow comparisons ([`super::shadow`]), where the reference is what users were answered and the candidate is
//! what they might have been. No measure says which of the two is better: they say how much would change.
//!
//! Invariants: a list is compared as a ranking of distinct points, the first of a repeated one counts; a list with itself is
//! as alike as can be by every measure; what cannot be computed is `None`, never a number that looks like one.

mod correlation;
mod overlap;
mod rbo;
mod relevance;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

pub use correlation::{kendall_tau_b, spearman, weighted_tau};
pub use overlap::{jaccard, overlap_at_k, top1};
pub use rbo::{PERSISTENCE, Rbo, rbo};
pub use relevance::{Gain, average_precision, ndcg, pseudo_relevance};

/// Which point a hit is: a hash of its id, since ids are numbers or UUIDs and only equality matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointKey(pub u64);

impl PointKey {
    #[must_use]
    pub fn of_number(id: u64) -> Self {
        Self(xxh3_64(&id.to_le_bytes()))
    }

    #[must_use]
    pub fn of_uuid(id: &[u8; 16]) -> Self {
        Self(xxh3_64(id))
    }
}

/// One hit of a ranked list, the best first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub id: PointKey,
    pub score: Option<f64>,
}

impl Hit {
    /// Neighbours with the same score: which of them comes first says nothing.
    fn ties_with(&self, other: &Self) -> bool {
        matches!((self.score, other.score), (Some(mine), Some(theirs)) if mine == theirs)
    }
}

/// Everything that is measured of a pair of lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Of the hits there can be in common, how many are.
    pub overlap: f64,
    pub jaccard: f64,
    /// Both have the same point at the top.
    pub top1: bool,
    pub rbo: f64,
    /// Of the points in both lists; none below three of them.
    pub kendall: Option<f64>,
    pub spearman: Option<f64>,
    pub weighted_tau: Option<f64>,
    /// With the reference for what is relevant.
    pub average_precision: f64,
    pub ndcg: f64,
    /// How far apart the scores of the points in both lists are, on average. Means something in one space only.
    pub score_drift: Option<f64>,
}

impl Likeness {
    /// Compares the first `k` of both lists. None where both are empty: there is no ranking to measure.
    #[must_use]
    pub fn of(reference: &[Hit], candidate: &[Hit], k: usize) -> Option<Self> {
        let (reference, candidate) = (distinct(reference, k), distinct(candidate, k));
        if reference.is_empty() && candidate.is_empty() {
            return None;
        }
        let grades = pseudo_relevance(&reference, &candidate);
        Some(Self {
            overlap: overlap_at_k(&reference, &candidate, k),
            jaccard: jaccard(&reference, &candidate),
            top1: top1(&reference, &candidate),
            rbo: rbo(&reference, &candidate, PERSISTENCE).extrapolated,
            kendall: kendall_tau_b(&reference, &candidate),
            spearman: spearman(&reference, &candidate),
            weighted_tau: weighted_tau(&reference, &candidate),
            average_precision: average_precision(&reference, &candidate),
            ndcg: ndcg(&grades.found, &grades.ideal, Gain::Linear),
            score_drift: score_drift(&reference, &candidate),
        })
    }
}

/// The first `k` points, each where it stands first: a point may be in several groups of a grouped answer.
fn distinct(hits: &[Hit], k: usize) -> Vec<Hit> {
    let mut seen = HashSet::new();
    hits.iter().filter(|hit| seen.insert(hit.id)).take(k).copied().collect()
}

fn ids(hits: &[Hit]) -> HashSet<PointKey> {
    hits.iter().map(|hit| hit.id).collect()
}

fn score_drift(reference: &[Hit], candidate: &[Hit]) -> Option<f64> {
    let (mut sum, mut common) = (0.0, 0.0);
    for hit in candidate {
        let Some(other) = reference.iter().find(|other| other.id == hit.id) else { continue };
        let (Some(ours), Some(theirs)) = (hit.score, other.score) else { continue };
        sum += (ours - theirs).abs();
        common += 1.0;
    }
    (common > 0.0 && f64::is_finite(sum)).then(|| sum / common)
}
