//! Traces that cannot be used to hide another: so many at once, and each says how many there were that were not recorded.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lines about requests that were turned away: a few at once, and then one every ten seconds.
const LINES: Rate = Rate { burst: 10, every: Duration::from_secs(10) };
/// Audit rows of refused changes: what a person or a script does by mistake, and of a flood one every ten seconds.
const ROWS: Rate = Rate { burst: 100, every: Duration::from_secs(10) };

#[derive(Clone, Copy, Debug)]
struct Rate {
    burst: u32,
    every: Duration,
}

/// The traces there are.
#[derive(Debug)]
pub(super) struct Traces {
    pub(super) lines: Bucket,
    pub(super) rows: Bucket,
}

impl Default for Traces {
    fn default() -> Self {
        Self { lines: Bucket::new(LINES), rows: Bucket::new(ROWS) }
    }
}

/// So many at once, one more each time that `every` has passed, and a count of those that were too many.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    left: u32,
    /// Since when one more is saved up.
    since: Option<Instant>,
    skipped: u64,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        Self { rate, inner: Mutex::new(Inner { left: rate.burst, since: None, skipped: 0 }) }
    }

    /// How many were skipped since the last one; none when this one is to be skipped too.
    pub(super) fn take(&self, now: Instant) -> Option<u64> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *inner.since.get_or_insert(now);
        let saved = now.saturating_duration_since(since).as_nanos() / self.rate.every.as_nanos();
        let saved = u32::try_from(saved).unwrap_or(u32::MAX);
        inner.left = inner.left.saturating_add(saved).min(self.rate.burst);
        inner.since = Some(if inner.left == self.rate.burst { now } else { since + self.rate.every * saved });
        if inner.left == 0 {
            inner.skipped += 1;
            return None;
        }
        inner.left -= 1;
        Some(std::mem::take(&mut inner.skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_a_few_and_their_number() {
        let (bucket, start) = (Bucket::new(Rate { burst: 3, every: Duration::from_secs(10) }), Instant::now());
        let take = |seconds: u64| bucket.take(start + Duration::from_secs(seconds));
        assert_eq!([take(0), take(0), take(1), take(2), take(9)], [Some(0), Some(0), Some(0), None, None]);
        assert_eq!([take(10), take(10)], [Some(2), None]);
        assert_eq!([take(25), take(29), take(30)], [Some(1), None, Some(1)], "the half that was waited for counts");
        let later = take(3_600);
        assert_eq!([later, take(3_600), take(3_600), take(3_600)], [Some(0), Some(0), Some(0), None], "no more than at once at the start");
    }
}
