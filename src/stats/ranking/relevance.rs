//! Measures of retrieval that ask what is relevant, with the reference for an answer: what it has is, and more so the higher
//! it has it. They say how well the candidate would please somebody who liked the reference; of a candidate that finds
//! better hits they say nothing.

use super::{Hit, ids};

/// The precision at each hit that the reference has too, over all that it has.
#[must_use]
pub fn average_precision(reference: &[Hit], candidate: &[Hit]) -> f64 {
    if reference.is_empty() {
        return 0.0;
    }
    let relevant = ids(reference);
    let (mut found, mut sum) = (0.0, 0.0);
    for (index, hit) in candidate.iter().enumerate() {
        if relevant.contains(&hit.id) {
            found += 1.0;
            sum += found / (index + 1) as f64;
        }
    }
    sum / reference.len() as f64
}

/// What a grade is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    Linear,
    /// `2^grade - 1`, for a few grades given by people.
    Exponential,
}

impl Gain {
    fn of(self, grade: f64) -> f64 {
        match self {
            Self::Linear => grade,
            Self::Exponential => grade.exp2() - 1.0,
        }
    }
}

/// Normalised discounted cumulative gain: of the grades in the order they were found, against those that could be had, in any
/// order. 0 where there is nothing to be had.
#[must_use]
pub fn ndcg(found: &[f64], possible: &[f64], gain: Gain) -> f64 {
    let mut ideal = possible.to_vec();
    ideal.sort_by(|a, b| b.total_cmp(a));
    let best = discounted(&ideal, gain);
    if best > 0.0 { discounted(found, gain) / best } else { 0.0 }
}

fn discounted(grades: &[f64], gain: Gain) -> f64 {
    grades.iter().enumerate().map(|(index, grade)| gain.of(*grade) / (index as f64 + 2.0).log2()).sum()
}

/// Grades that follow from the reference's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Grades {
    /// Of the candidate's hits, in its order.
    pub found: Vec<f64>,
    /// Of the reference's.
    pub ideal: Vec<f64>,
}

/// The reference's last hit has grade 1 and each one above it one more; whatever it does not have has none.
#[must_use]
pub fn pseudo_relevance(reference: &[Hit], candidate: &[Hit]) -> Grades {
    let grade = |hit: &Hit| reference.iter().position(|known| known.id == hit.id).map_or(0, |place| reference.len() - place) as f64;
    Grades { found: candidate.iter().map(grade).collect(), ideal: reference.iter().map(grade).collect() }
}
