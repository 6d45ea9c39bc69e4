//! One question: read what the user got, ask the shadow, for a share of them ask the reference once more, and record both
//! comparisons.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3Default;

use super::answer::{Shape, read};
use super::ask::{AskFailed, Asker, Wire};
use super::lists::List;
use crate::live::{Answered, Compare, Live, Question};
use crate::metrics::{Against, Compared, Comparisons, Dropped, Handles};
use crate::proxy::classify::Hits;
use crate::routing::{SLOTS, Target};
use crate::stats::ranking::Likeness;
use crate::stats::shadow::{Failure, Paired, Regression};

const MILLIONTHS: f64 = 1e6;
/// What is kept of an error's text.
const MAX_REASON: usize = 300;

pub(super) struct Comparison<'j> {
    pub(super) asker: &'j Asker,
    pub(super) live: &'j Live,
    pub(super) question: &'j Question,
    pub(super) compare: &'j Compare,
    pub(super) shard: usize,
}

/// What does not depend on whom is asked.
struct Known<'j> {
    comparisons: &'j Comparisons,
    shape: Shape,
    operation: &'static str,
    /// Of the question.
    query: u64,
    /// What its statistics bucket follows from.
    hash: u64,
    lists: Vec<List>,
    first_byte_us: u64,
}

impl Comparison<'_> {
    pub(super) async fn run(&self, answer: &Answered, done: Instant) {
        let Some(comparisons) = self.compare.shadow.target.handle.comparisons.as_deref() else { return };
        if done.elapsed() >= self.live.settings.shadow.timeout {
            return comparisons.discarded(Dropped::Stale);
        }
        let asked = Wire::of(self.question).and_then(|wire| wire.operation.hits.map(|hits| (wire, self.shape(hits))));
        let Some((wire, shape)) = asked else { return comparisons.discarded(Dropped::Unreadable) };
        let Ok(lists) = read(shape, &answer.headers, &answer.body) else { return comparisons.discarded(Dropped::Unreadable) };
        let query = self.fingerprint();
        let known = Known {
            comparisons,
            shape,
            operation: wire.operation.name,
            query,
            hash: self.compare.unit.unwrap_or(query),
            lists,
            first_byte_us: answer.first_byte_us,
        };
        let shadow = &self.compare.shadow;
        self.ask(Against::Shadow, &wire, &shadow.target, shadow.target.rename.as_deref(), &known).await;
        if fastrand::u32(..SLOTS) < shadow.noise {
            self.ask(Against::Noise, &wire, &self.compare.reference, self.compare.reference_name.as_deref(), &known).await;
        }
    }

    fn shape(&self, hits: Hits) -> Shape {
        Shape {
            protocol: self.question.protocol,
            hits,
            depth: self.compare.shadow.depth,
            payloads: self.compare.shadow.payloads,
            limit: self.live.settings.shadow.max_bytes,
        }
    }

    /// Asks one target, which counts as used while it is.
    async fn ask(&self, against: Against, wire: &Wire<'_>, target: &Target<Handles>, name: Option<&str>, known: &Known<'_>) {
        let usage = Used::begin(target, self.shard);
        let upstream = &self.live.upstreams[target.upstream];
        let answer = self.asker.ask(upstream, &self.live.settings, wire, name).await;
        drop(usage);
        let compared = match answer {
            Ok(answer) => match read(known.shape, &answer.headers, &answer.body) {
                // A batch answered by another number of lists is no answer to this question.
                Ok(lists) if lists.len() == known.lists.len() => self.lists(against, known, &lists, answer.first_byte_us),
                _ => Compared::Unreadable,
            },
            Err(AskFailed::TooLarge) => Compared::Unreadable,
            Err(AskFailed::Failed(reason)) => {
                Compared::Failed(Failure { at_ms: millis(SystemTime::now()), reason: reason.chars().take(MAX_REASON).collect() })
            }
        };
        known.comparisons.record(against, known.hash, &compared);
    }

    fn lists(&self, against: Against, known: &Known<'_>, candidates: &[List], candidate_us: u64) -> Compared {
        let pairs = known.lists.iter().zip(candidates).enumerate().map(|(index, (reference, candidate))| {
            let likeness = Likeness::of(&reference.hits, &candidate.hits, self.compare.shadow.depth);
            let likeness =
                likeness.map(|likeness| Likeness { score_drift: likeness.score_drift.filter(|_| self.compare.shadow.scores), ..likeness });
            if let Some(likeness) = likeness.filter(|_| against == Against::Shadow) {
                self.keep(known, index, &likeness, (reference, candidate));
            }
            Paired { reference_hits: reference.hits.len(), candidate_hits: candidate.hits.len(), likeness }
        });
        Compared::Lists { pairs: pairs.collect(), reference_us: known.first_byte_us, candidate_us }
    }

    /// If it is among the worst. Nothing is written out for the others.
    fn keep(&self, known: &Known<'_>, index: usize, likeness: &Likeness, (reference, candidate): (&List, &List)) {
        let rbo_millionths = millionths(likeness.rbo);
        if known.comparisons.admits(rbo_millionths) {
            known.comparisons.keep(Regression {
                query: format!("{:016x}", known.query),
                operation: known.operation.to_owned(),
                at_ms: millis(self.question.asked),
                index,
                rbo_millionths,
                overlap_millionths: millionths(likeness.overlap),
                reference: reference.listed.clone(),
                candidate: candidate.listed.clone(),
            });
        }
    }

    /// The same question, whoever asks it.
    fn fingerprint(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        hasher.update(self.question.uri.path().as_bytes());
        self.question.body.iter().for_each(|chunk: &Bytes| hasher.update(chunk));
        hasher.digest()
    }
}

/// A collection in use, until it is dropped.
struct Used<'t> {
    target: &'t Target<Handles>,
    shard: usize,
}

impl<'t> Used<'t> {
    fn begin(target: &'t Target<Handles>, shard: usize) -> Self {
        target.handle.usage.begin(shard);
        target.handle.usage.touch(shard, Instant::now());
        Self { target, shard }
    }
}

impl Drop for Used<'_> {
    fn drop(&mut self) {
        self.target.handle.usage.end(self.shard);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a value between 0 and 1")]
fn millionths(value: f64) -> u32 {
    (value.clamp(0.0, 1.0) * MILLIONTHS).round() as u32
}

fn millis(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
