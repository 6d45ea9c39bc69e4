//! Requests that a rollout serves and does not analyse.

use super::cell::Cell;
use super::kinds::NotInterleaved;

/// Whom a request counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody watches.
    Nobody,
    /// The unit with this hash under the rollout's statistics salt.
    Unit(u64),
    /// The same, and both arms were asked.
    Paired(u64),
    /// It has no unit, and the rollout counts units.
    Anonymous,
    /// Somebody chose its variant.
    Chosen,
}

/// How many answers of an arm were merged with the other's, and how many were not, by why not.
#[derive(Debug, Default)]
pub(super) struct Merges {
    interleaved: Cell,
    not_interleaved: [Cell; NotInterleaved::ALL.len()],
}

impl Merges {
    /// None: it was.
    pub(super) fn count(&self, why_not: Option<NotInterleaved>) {
        why_not.map_or(&self.interleaved, |why| &self.not_interleaved[why as usize]).add(1);
    }
}

/// The same, merged over workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interleavings {
    pub interleaved: u64,
    not_interleaved: [u64; NotInterleaved::ALL.len()],
}

impl Interleavings {
    pub(super) fn add(&mut self, merges: &Merges) {
        self.interleaved += merges.interleaved.get();
        self.not_interleaved.iter_mut().zip(&merges.not_interleaved).for_each(|(total, cell)| *total += cell.get());
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.interleaved += other.interleaved;
        self.not_interleaved.iter_mut().zip(&other.not_interleaved).for_each(|(mine, theirs)| *mine += theirs);
    }

    #[must_use]
    pub fn not_interleaved(&self, why: NotInterleaved) -> u64 {
        self.not_interleaved[why as usize]
    }
}

/// One worker's part.
#[derive(Debug, Default)]
struct Shard {
    anonymous: Cell,
    chosen: Cell,
    merges: Merges,
}

/// How many of them there were; and where the rollout merges answers, how many it has merged.
#[derive(Debug)]
pub struct Apart {
    shards: Box<[Shard]>,
}

impl Apart {
    pub(super) fn new(workers: usize) -> Self {
        Self { shards: std::iter::repeat_with(Default::default).take(workers).collect() }
    }

    pub fn anonymous(&self, worker: usize) {
        self.shards[worker].anonymous.add(1);
    }

    pub fn chosen(&self, worker: usize) {
        self.shards[worker].chosen.add(1);
    }

    /// Of a request that could have been interleaved, whether it was. None: it was.
    pub fn merge(&self, worker: usize, why_not: Option<NotInterleaved>) {
        self.shards[worker].merges.count(why_not);
    }

    /// Anonymous ones, and those whose variant was chosen.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        self.shards.iter().fold((0, 0), |(anonymous, chosen), shard| (anonymous + shard.anonymous.get(), chosen + shard.chosen.get()))
    }

    #[must_use]
    pub fn interleavings(&self) -> Interleavings {
        let mut total = Interleavings::default();
        self.shards.iter().for_each(|shard| total.add(&shard.merges));
        total
    }
}
