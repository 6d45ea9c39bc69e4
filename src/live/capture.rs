//! Questions that somebody wants written down, for as long as a stream to that somebody is open.
//!
//! `control` makes a [`Capture`] and puts it into the snapshot; `proxy` draws questions for it; the mirror's thread makes lines
//! of them; the admin API has the other end. The lines that wait are bounded, in number and in bytes (I9): whoever reads
//! slowly loses lines, which are counted, and nobody waits.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::Held;
use crate::metrics::Dropped;

/// Lines that wait for their reader.
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
    /// How many different questions are wanted.
    count: usize,
    lines: mpsc::Sender<Recorded>,
    /// Hashes of what has been recorded. Only the mirror's thread ever holds it.
    seen: Mutex<HashSet<u64>>,
    recorded: AtomicU64,
    repeated: AtomicU64,
    withheld: AtomicU64,
    /// Written by every worker, but only for questions that were drawn and lost.
    dropped: [AtomicU64; Dropped::ALL.len()],
}

/// A line, and its part of the memory.
#[derive(Debug)]
pub struct Recorded {
    pub line: Bytes,
    pub held: Held,
}

impl Capture {
    /// Both ends.
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

    /// Whether a question is drawn by this lot.
    #[must_use]
    pub fn takes(&self, lot: u32) -> bool {
        lot < self.slots && !self.lines.is_closed()
    }

    /// Whether there is room for a line now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.lines.capacity() > 0
    }

    /// Returns when nobody reads any more.
    pub async fn closed(&self) {
        self.lines.closed().await;
    }

    /// Hands over the line with this hash, unless it was before. Of the mirror's thread alone.
    pub fn record(&self, hash: u64, recorded: Recorded) {
        // Nothing panics while it holds the lock, and a set of hashes is one in any state.
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

    /// A question that was drawn is missing.
    pub fn dropped(&self, why: Dropped) {
        self.dropped[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A question says whom it is for, where that cannot be taken out.
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

    /// How many are missing, by reason.
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
