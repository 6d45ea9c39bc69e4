//! Circuit breaker: after a failed attempt the pool treats the upstream as dead until a given time.
//!
//! The pause after a failure is short and doubles with each further one. It needs no jitter: one pool makes one attempt at a
//! time during the pause, so there is no crowd to spread. The first connection that opens ends it.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::error::ConnectError;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(1600);
/// A failure this long after the last pause begins a new outage, because the time in between is unknown.
const FORGOTTEN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Health(RefCell<Option<Outage>>);

/// No connection could be opened since `since`.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    since: Instant,
    failures: u32,
    failed_at: Instant,
    until: Instant,
    error: ConnectError,
}

impl Health {
    /// A connection was opened.
    pub(super) fn succeeded(&self) {
        self.0.take();
    }

    /// An attempt that began at `begun` failed. Concurrent attempts count as one.
    pub(super) fn failed(&self, begun: Instant, now: Instant, error: &ConnectError) {
        let mut outage = self.0.borrow_mut();
        let (since, failures) = match &*outage {
            Some(known) if begun < known.failed_at => (known.since, known.failures),
            Some(known) if now < known.until + FORGOTTEN => (known.since, known.failures + 1),
            _ => (now, 1),
        };
        *outage = Some(Outage { since, failures, failed_at: now, until: now + pause(failures), error: error.clone() });
    }

    pub(super) fn outage(&self) -> Option<Outage> {
        self.0.borrow().clone()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.borrow().is_some()
    }
}

impl Outage {
    /// The time until the next attempt may be made.
    pub(super) fn rest(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    /// How long there has been no connection.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    pub(super) fn error(&self) -> &ConnectError {
        &self.error
    }
}

/// The pause after this many failures.
fn pause(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::error::tests::refused;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn pauses_double_to_a_bound() {
        let pauses: Vec<u128> = (1..8).map(|failures| pause(failures).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 1600, 1600]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn failures_in_turn_lengthen_the_pause_and_a_success_ends_it() {
        let (health, start) = (Health::default(), Instant::now());
        assert!(!health.is_dead());
        health.failed(start, start, &refused());
        health.failed(start + millis(100), start + millis(101), &refused());
        let outage = health.outage().expect("two attempts failed");
        assert_eq!((outage.rest(start + millis(101)), outage.age(start + millis(101))), (millis(200), millis(101)));
        assert_eq!(outage.rest(start + millis(400)), Duration::ZERO);
        health.succeeded();
        assert!(health.outage().is_none());
        health.failed(start, start + millis(500), &refused());
        assert_eq!(health.outage().expect("a new one").rest(start + millis(500)), millis(100), "the first of a new outage");
    }

    #[test]
    fn attempts_under_way_at_the_same_time_count_as_one() {
        let (health, start) = (Health::default(), Instant::now());
        for _ in 0..10 {
            health.failed(start, start + millis(5), &refused());
        }
        assert_eq!(health.outage().expect("all failed").rest(start + millis(5)), millis(100));
    }

    #[test]
    fn a_failure_long_after_the_last_one_begins_a_new_outage() {
        let (health, start) = (Health::default(), Instant::now());
        health.failed(start, start, &refused());
        let later = start + FIRST_PAUSE + FORGOTTEN;
        health.failed(later, later, &refused());
        let outage = health.outage().expect("both failed");
        assert_eq!((outage.age(later), outage.rest(later)), (Duration::ZERO, FIRST_PAUSE));
    }
}
