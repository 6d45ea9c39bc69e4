//! A capture: the recording of an alias's queries while an admin client reads the stream.
//!
//! `control` makes a [`Capture`] and puts it into the snapshot; `proxy` selects queries for it; the mirror's thread turns
//! them into lines; the admin API reads the other end. The waiting lines are bounded, in number and in bytes (I9): a slow
//! reader loses lines, which are counted, and no user request waits.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Held;
use crate::metrics::Dropped;

/// The maximum number of lines that wait for the reader.
const WAITING: usize = 64;

/// What operators are shown of a recording.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub id: Box<str>,
    /// Milliseconds since the epoch.
    pub begun_ms: u64,
    pub max_duration: Duration,
    /// Of the searches.
    pub percentage: f64,
}

/// One recording of an alias's searches.
#[derive(Debug)]
pub struct Capture {
    pub alias: Box<str>,
    pub terms: Terms,
    /// How many of [`crate::routing::SLOTS`] are drawn, question by question.
    pub slots: u32,
    /// How many different queries are wanted.
    count: usize,
    lines: mpsc::Sender<Recorded>,
    /// Hashes of the recorded queries. Only the mirror's thread ever holds the lock.
    seen: Mutex<HashSet<u64>>,
    recorded: AtomicU64,
    repeated: AtomicU64,
    withheld: AtomicU64,
    /// Written by every worker, but only for queries that were selected and lost.
    dropped: [AtomicU64; Dropped::ALL.len()],
}

/// A line, and its share of the memory bound.
#[derive(Debug)]
pub struct Recorded {
    pub line: Bytes,
    pub held: Held,
}

impl Capture {
    /// Both ends of the channel.
    #[must_use]
    pub fn channel(alias: &str, slots: u32, count: usize, terms: Terms) -> (Arc<Self>, mpsc::Receiver<Recorded>) {
        let (lines, reader) = mpsc::channel(WAITING);
        let capture = Self {
            alias: alias.into(),
            terms,
            slots,
            count,
            lines,
            seen: Mutex::default(),
            recorded: AtomicU64::default(),
            repeated: AtomicU64::default(),
            withheld: AtomicU64::default(),
            dropped: Default::default(),
        };
        (Arc::new(capture), reader)
    }

    /// Whether a query with this random number is selected.
    #[must_use]
    pub fn takes(&self, lot: u32) -> bool {
        lot < self.slots && !self.lines.is_closed()
    }

    /// Whether there is room for a line now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.lines.capacity() > 0
    }

    /// Returns when the reader has disconnected.
    pub async fn closed(&self) {
        self.lines.closed().await;
    }

    /// Sends the line with this hash, unless it was recorded before. Called only by the mirror's thread.
    pub fn record(&self, hash: u64, recorded: Recorded) {
        // No code panics while it holds the lock, and a set of hashes is valid in any state.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(&hash) {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        } else if seen.len() < self.count {
            match self.lines.try_send(recorded) {
                Ok(()) => {
                    seen.insert(hash);
                    self.recorded.fetch_add(1, Ordering::Relaxed);
                }
                Err(mpsc::error::TrySendError::Full(_)) => self.dropped(Dropped::QueueFull),
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
    }

    /// Counts a query that was selected and is missing.
    pub fn dropped(&self, why: Dropped) {
        self.dropped[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a query that contains the user id where it cannot be removed.
    pub fn withheld(&self) {
        self.withheld.fetch_add(1, Ordering::Relaxed);
    }

    /// How many different questions have been recorded.
    #[must_use]
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// How many are to be.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.count as u64
    }

    /// How many came again, and how many were withheld.
    #[must_use]
    pub fn repeats_and_withheld(&self) -> (u64, u64) {
        (self.repeated.load(Ordering::Relaxed), self.withheld.load(Ordering::Relaxed))
    }

    /// How many queries are missing, by reason.
    #[must_use]
    pub fn missing(&self) -> BTreeMap<Dropped, u64> {
        let counts = Dropped::ALL.into_iter().zip(&self.dropped).map(|(why, count)| (why, count.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Mirror;

    fn line() -> Recorded {
        Recorded { line: Bytes::from_static(b"{}"), held: Mirror::channel(1, 100).0.hold() }
    }

    #[test]
    fn each_is_recorded_once_until_there_are_enough() {
        let (capture, mut reader) = Capture::channel("docs", 1, 2, Terms::default());
        for hash in [1, 1, 2, 3, 2] {
            capture.record(hash, line());
        }
        assert_eq!(std::iter::from_fn(|| reader.try_recv().ok()).count(), 2);
        assert_eq!((capture.repeats_and_withheld().0, capture.missing().len()), (2, 0));
    }

    #[test]
    fn what_nobody_takes_in_time_is_missing_and_may_come_again() {
        let (capture, mut reader) = Capture::channel("docs", 1, 1_000, Terms::default());
        let lost = WAITING as u64;
        (0..=lost).for_each(|hash| capture.record(hash, line()));
        assert!(!capture.has_room() && capture.missing() == BTreeMap::from([(Dropped::QueueFull, 1)]));
        reader.try_recv().expect("a line waits");
        capture.record(lost, line());
        assert_eq!((capture.repeats_and_withheld().0, capture.missing()[&Dropped::QueueFull]), (0, 1));
    }

    #[test]
    fn nothing_is_drawn_for_nobody() {
        let (capture, reader) = Capture::channel("docs", 10, 1, Terms::default());
        assert!(capture.takes(9) && !capture.takes(10));
        drop(reader);
        assert!(!capture.takes(9));
    }
}
