//! The first answer to a query. Every further answer is compared with it, by a shadow comparison and by a replay.

use std::time::{SystemTime, UNIX_EPOCH};

use super::answer::read;
use super::exchange::{AskFailed, Second};
use super::lists::List;
use super::shape::Shape;
use crate::metrics::{Against, Compared, Comparisons};
use crate::stats::ranking::Likeness;
use crate::stats::shadow::{Failure, Paired, Regression};

const MILLIONTHS: f64 = 1e6;
/// How much of an error's text is kept.
const MAX_REASON: usize = 300;

/// The part of a comparison that does not depend on the second target.
pub(super) struct First<'c> {
    pub(super) comparisons: &'c Comparisons,
    pub(super) shape: Shape,
    /// Whether scores mean the same in both collections.
    pub(super) scores: bool,
    pub(super) operation: &'static str,
    pub(super) asked: SystemTime,
    /// A hash of the query.
    pub(super) query: u64,
    /// The hash that determines its statistics bucket.
    pub(super) hash: u64,
    pub(super) lists: Vec<List>,
    pub(super) first_byte_us: u64,
}

impl First<'_> {
    /// Compares with a further answer, or records that there is none.
    pub(super) fn compare(&self, against: Against, answer: Result<Second, AskFailed>) {
        let compared = match answer {
            Ok(answer) => match read(self.shape, &answer.headers, &answer.body) {
                // If the number of lists differs, it is no answer to this batch.
                Ok(lists) if lists.len() == self.lists.len() => self.lists(against, &lists, answer.first_byte_us),
                _ => Compared::Unreadable,
            },
            Err(AskFailed::TooLarge) => Compared::Unreadable,
            Err(failed) => Compared::Failed(Failure {
                at_ms: millis(SystemTime::now()),
                reason: failed.to_string().chars().take(MAX_REASON).collect(),
            }),
        };
        self.comparisons.record(against, self.hash, &compared);
    }

    fn lists(&self, against: Against, candidates: &[List], candidate_us: u64) -> Compared {
        let pairs = self.lists.iter().zip(candidates).enumerate().map(|(index, (reference, candidate))| {
            let likeness = Likeness::of(&reference.hits, &candidate.hits, self.shape.depth);
            let likeness = likeness.map(|likeness| Likeness { score_drift: likeness.score_drift.filter(|_| self.scores), ..likeness });
            if let Some(likeness) = likeness.filter(|_| against == Against::Shadow) {
                self.keep(index, &likeness, (reference, candidate));
            }
            Paired { reference_hits: reference.hits.len(), candidate_hits: candidate.hits.len(), likeness }
        });
        Compared::Lists { pairs: pairs.collect(), reference_us: self.first_byte_us, candidate_us }
    }

    /// Keeps the pair if it is among the worst. For others nothing is serialized.
    fn keep(&self, index: usize, likeness: &Likeness, (reference, candidate): (&List, &List)) {
        let rbo_millionths = millionths(likeness.rbo);
        if self.comparisons.admits(rbo_millionths) {
            self.comparisons.keep(Regression {
                query: format!("{:016x}", self.query),
                operation: self.operation.to_owned(),
                at_ms: millis(self.asked),
                index,
                rbo_millionths,
                overlap_millionths: millionths(likeness.overlap),
                reference: reference.listed.clone(),
                candidate: candidate.listed.clone(),
            });
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a value between 0 and 1")]
fn millionths(value: f64) -> u32 {
    (value.clamp(0.0, 1.0) * MILLIONTHS).round() as u32
}

fn millis(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
