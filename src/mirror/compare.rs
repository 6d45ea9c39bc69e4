//! Handles one mirrored query: reads what the user got, queries the shadow, for a share of the queries also the reference
//! again, and records both comparisons.

use std::time::Instant;

use super::answer::read;
use super::ask::Asker;
use super::exchange::Wire;
use super::first::First;
use super::shape::Shape;
use crate::live::{Answered, Compare, Live, Question};
use crate::metrics::{Against, Dropped, Handles};
use crate::routing::{SLOTS, Target};

pub(super) struct Comparison<'j> {
    pub(super) asker: &'j Asker,
    pub(super) live: &'j Live,
    pub(super) question: &'j Question,
    pub(super) compare: &'j Compare,
    pub(super) shard: usize,
}

impl Comparison<'_> {
    pub(super) async fn run(&self, answer: &Answered, done: Instant) {
        let shadow = &self.compare.shadow;
        let Some(comparisons) = shadow.target.handle.comparisons.as_deref() else { return };
        if done.elapsed() >= self.live.settings.shadow.timeout {
            return comparisons.discarded(Dropped::Stale);
        }
        let Some(wire) = Wire::of(self.question) else { return comparisons.discarded(Dropped::Unreadable) };
        let Some(hits) = wire.operation.hits else { return comparisons.discarded(Dropped::Unreadable) };
        let limit = self.live.settings.shadow.max_bytes;
        let shape = Shape { protocol: self.question.protocol, hits, depth: shadow.depth, payloads: shadow.payloads, limit };
        let Ok(lists) = read(shape, &answer.headers, &answer.body) else { return comparisons.discarded(Dropped::Unreadable) };
        let query = self.question.fingerprint();
        let first = First {
            comparisons,
            shape,
            scores: shadow.scores,
            operation: wire.operation.name,
            asked: self.question.asked,
            query,
            hash: self.compare.unit.unwrap_or(query),
            lists,
            first_byte_us: answer.first_byte_us,
        };
        self.ask(Against::Shadow, &wire, &shadow.target, shadow.target.rename.as_deref(), &first).await;
        if fastrand::u32(..SLOTS) < shadow.noise {
            self.ask(Against::Noise, &wire, &self.compare.reference, self.compare.reference_name.as_deref(), &first).await;
        }
    }

    /// Queries one target, whose collection counts as in use until then.
    async fn ask(&self, against: Against, wire: &Wire<'_>, target: &Target<Handles>, name: Option<&str>, first: &First<'_>) {
        let usage = Used::begin(target, self.shard);
        let upstream = &self.live.upstreams[target.upstream];
        let answer = self.asker.ask(upstream, &self.live.settings, wire, name).await;
        drop(usage);
        first.compare(against, answer);
    }
}

/// A collection that counts as in use until this is dropped.
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
