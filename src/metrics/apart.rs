//! Requests that a rollout serves and does not analyse.

use super::cell::Cell;

/// Whom a request counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody watches.
    Nobody,
    /// The unit with this hash under the rollout's statistics salt.
    Unit(u64),
    /// It has no unit, and the rollout counts units.
    Anonymous,
    /// Somebody chose its variant.
    Chosen,
}

/// How many of them there were.
#[derive(Debug)]
pub struct Apart {
    shards: Box<[(Cell, Cell)]>,
}

impl Apart {
    pub(super) fn new(workers: usize) -> Self {
        Self { shards: std::iter::repeat_with(Default::default).take(workers).collect() }
    }

    pub fn anonymous(&self, worker: usize) {
        self.shards[worker].0.add(1);
    }

    pub fn chosen(&self, worker: usize) {
        self.shards[worker].1.add(1);
    }

    /// Anonymous ones, and those whose variant was chosen.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        self.shards.iter().fold((0, 0), |(anonymous, chosen), shard| (anonymous + shard.0.get(), chosen + shard.1.get()))
    }
}
