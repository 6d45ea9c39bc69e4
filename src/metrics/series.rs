//! Everything counted about one variant of one alias, as long as one collection answers it.

use std::time::SystemTime;

use super::apart::{Interleavings, Merges};
use super::cell::Cell;
use super::histogram::{Histogram, Snapshot};
use super::kinds::{Chosen, NotInterleaved, Outcome};
use crate::protocol::{Class, Protocol};

/// Why stable answered instead of the chosen variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackCause {
    /// No connection, or it broke before an answer.
    Connection,
    /// The variant answered with a server error.
    Status,
    /// The variant's collection is gone.
    Missing,
    /// The variant did not begin its answer in time.
    Timeout,
    /// The message is too large to rename in memory.
    Size,
    /// The variant refused the request (4xx), and stable served it.
    Refused,
}

impl FallbackCause {
    pub const ALL: [Self; 6] = [Self::Connection, Self::Status, Self::Missing, Self::Timeout, Self::Size, Self::Refused];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Status => "status",
            Self::Missing => "missing",
            Self::Timeout => "timeout",
            Self::Size => "size",
            Self::Refused => "refused",
        }
    }
}

/// One request, when its last byte has gone or can no longer go.
#[derive(Clone, Copy, Debug)]
pub struct Completed {
    pub protocol: Protocol,
    pub class: Class,
    pub outcome: Outcome,
    /// None when no answer ever began.
    pub first_byte_us: Option<u64>,
    pub total_us: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub chosen: Chosen,
}

const REQUEST_CELLS: usize = Protocol::ALL.len() * Class::ALL.len() * Outcome::ALL.len();
/// Only reads and writes have latencies worth a histogram: the rest is rare and its time says nothing of a variant.
const TIMED: usize = 2;

/// One worker's part of a series. Only that worker writes it.
#[derive(Debug)]
pub struct Shard {
    requests: [Cell; REQUEST_CELLS],
    first_byte: [Histogram; TIMED],
    total: [Histogram; TIMED],
    request_bytes: Cell,
    response_bytes: Cell,
    anonymous: Cell,
    forced: Cell,
    fallbacks: [Cell; FallbackCause::ALL.len()],
    split_writes: Cell,
    merges: Merges,
    in_flight: Cell,
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            requests: std::array::from_fn(|_| Cell::default()),
            first_byte: Default::default(),
            total: Default::default(),
            request_bytes: Cell::default(),
            response_bytes: Cell::default(),
            anonymous: Cell::default(),
            forced: Cell::default(),
            fallbacks: Default::default(),
            split_writes: Cell::default(),
            merges: Merges::default(),
            in_flight: Cell::default(),
        }
    }
}

impl Shard {
    pub fn begin(&self) {
        self.in_flight.add(1);
    }

    /// Ends what [`Self::begin`] began.
    pub fn end(&self, done: &Completed) {
        self.in_flight.sub(1);
        self.requests[request_cell(done.protocol, done.class, done.outcome)].add(1);
        if let Some(timed) = timed(done.class) {
            self.total[timed].observe(done.total_us);
            if let Some(first) = done.first_byte_us {
                self.first_byte[timed].observe(first);
            }
        }
        self.request_bytes.add(done.request_bytes);
        self.response_bytes.add(done.response_bytes);
        match done.chosen {
            Chosen::AsUsual => {}
            Chosen::Anonymous => self.anonymous.add(1),
            Chosen::Forced => self.forced.add(1),
        }
    }

    /// This variant was chosen, and stable had to answer.
    pub fn fallback(&self, cause: FallbackCause) {
        self.fallbacks[cause as usize].add(1);
    }

    /// A write through a split alias: it went to stable only.
    pub fn split_write(&self) {
        self.split_writes.add(1);
    }

    /// Of a read that could have been answered together with the other arm, whether it was. None: it was.
    pub fn merge(&self, why_not: Option<NotInterleaved>) {
        self.merges.count(why_not);
    }
}

/// What a series counts. The collection is part of it: a new one is not blamed for the errors of its predecessor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    pub alias: Box<str>,
    pub variant: Box<str>,
    /// Empty, as the collection, where several collections are counted together.
    pub upstream: Box<str>,
    pub collection: Box<str>,
}

/// All workers' shards of what is counted together.
#[derive(Debug)]
pub struct Series {
    pub key: SeriesKey,
    /// When the count began.
    pub since: SystemTime,
    shards: Box<[Shard]>,
}

impl Series {
    pub(super) fn new(key: SeriesKey, workers: usize) -> Self {
        Self { key, since: SystemTime::now(), shards: std::iter::repeat_with(Shard::default).take(workers).collect() }
    }

    /// The shard of one worker.
    #[must_use]
    pub fn shard(&self, worker: usize) -> &Shard {
        &self.shards[worker]
    }

    /// The sum over all workers.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for shard in &self.shards {
            totals.add(shard);
        }
        totals
    }
}

/// A series merged over workers.
#[derive(Clone, Debug)]
pub struct Totals {
    requests: Vec<u64>,
    pub first_byte: [Snapshot; TIMED],
    pub total: [Snapshot; TIMED],
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub anonymous: u64,
    pub forced: u64,
    fallbacks: [u64; FallbackCause::ALL.len()],
    pub split_writes: u64,
    pub interleavings: Interleavings,
    pub in_flight: u64,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            requests: vec![0; REQUEST_CELLS],
            first_byte: Default::default(),
            total: Default::default(),
            request_bytes: 0,
            response_bytes: 0,
            anonymous: 0,
            forced: 0,
            fallbacks: [0; FallbackCause::ALL.len()],
            split_writes: 0,
            interleavings: Interleavings::default(),
            in_flight: 0,
        }
    }
}

impl Totals {
    fn add(&mut self, shard: &Shard) {
        for (total, cell) in self.requests.iter_mut().zip(&shard.requests) {
            *total += cell.get();
        }
        for timed in 0..TIMED {
            self.first_byte[timed].add(&shard.first_byte[timed]);
            self.total[timed].add(&shard.total[timed]);
        }
        for (total, cell) in self.fallbacks.iter_mut().zip(&shard.fallbacks) {
            *total += cell.get();
        }
        self.request_bytes += shard.request_bytes.get();
        self.response_bytes += shard.response_bytes.get();
        self.anonymous += shard.anonymous.get();
        self.forced += shard.forced.get();
        self.split_writes += shard.split_writes.get();
        self.interleavings.add(&shard.merges);
        self.in_flight = self.in_flight.wrapping_add(shard.in_flight.get());
    }

    /// Adds what another series has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.requests.iter_mut().zip(&other.requests).for_each(|(mine, theirs)| *mine += theirs);
        for timed in 0..TIMED {
            self.first_byte[timed].merge(&other.first_byte[timed]);
            self.total[timed].merge(&other.total[timed]);
        }
        self.fallbacks.iter_mut().zip(&other.fallbacks).for_each(|(mine, theirs)| *mine += theirs);
        self.request_bytes += other.request_bytes;
        self.response_bytes += other.response_bytes;
        self.anonymous += other.anonymous;
        self.forced += other.forced;
        self.split_writes += other.split_writes;
        self.interleavings.merge(&other.interleavings);
        self.in_flight = self.in_flight.wrapping_add(other.in_flight);
    }

    #[must_use]
    pub fn requests(&self, protocol: Protocol, class: Class, outcome: Outcome) -> u64 {
        self.requests[request_cell(protocol, class, outcome)]
    }

    #[must_use]
    pub fn all_requests(&self) -> u64 {
        self.requests.iter().sum()
    }

    #[must_use]
    pub fn by_outcome(&self, outcome: Outcome) -> u64 {
        Protocol::ALL.iter().flat_map(|protocol| Class::ALL.iter().map(|class| self.requests(*protocol, *class, outcome))).sum()
    }

    /// Server errors, timeouts and requests that no upstream took.
    #[must_use]
    pub fn errors(&self) -> u64 {
        [Outcome::ServerError, Outcome::Unavailable, Outcome::Timeout].iter().map(|outcome| self.by_outcome(*outcome)).sum()
    }

    #[must_use]
    pub fn fallbacks(&self, cause: FallbackCause) -> u64 {
        self.fallbacks[cause as usize]
    }

    #[must_use]
    pub fn all_fallbacks(&self) -> u64 {
        self.fallbacks.iter().sum()
    }

    /// First-byte and total latency of a class; none for classes that are not timed.
    #[must_use]
    pub fn latency(&self, class: Class) -> Option<(&Snapshot, &Snapshot)> {
        timed(class).map(|timed| (&self.first_byte[timed], &self.total[timed]))
    }
}

fn request_cell(protocol: Protocol, class: Class, outcome: Outcome) -> usize {
    (protocol as usize * Class::ALL.len() + class as usize) * Outcome::ALL.len() + outcome as usize
}

fn timed(class: Class) -> Option<usize> {
    match class {
        Class::Read => Some(0),
        Class::Write => Some(1),
        Class::Schema | Class::Admin | Class::Diagnostics => None,
    }
}
