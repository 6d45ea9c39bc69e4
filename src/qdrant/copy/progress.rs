//! How a copy is getting on, for those who watch.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::checkpoint::Checkpoint;
use crate::protocol::points::PointId;

/// One moment of a copy. Storing the checkpoint every now and then is all that resuming needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub points: u64,
    /// When the copy began; writes may move it.
    pub total: u64,
    /// Since this run began; a resumed copy counts anew.
    pub points_per_second: f64,
    /// At that rate; `None` while there is none.
    pub left: Option<Duration>,
    pub checkpoint: Option<Checkpoint>,
}

/// The checkpoint all lanes move on.
pub(super) struct Ledger<'a> {
    checkpoint: Mutex<Checkpoint>,
    watchers: &'a watch::Sender<Progress>,
    began: Instant,
    before: u64,
}

impl<'a> Ledger<'a> {
    pub(super) fn open(checkpoint: Checkpoint, watchers: &'a watch::Sender<Progress>) -> Self {
        let before = checkpoint.copied();
        let ledger = Self { checkpoint: Mutex::new(checkpoint), watchers, began: Instant::now(), before };
        ledger.publish();
        ledger
    }

    /// Notes that `points` of a lane were written, and where it goes on; `None` is that the lane is done.
    pub(super) fn advance(&self, lane: usize, points: usize, next: Option<PointId>) {
        if let Some(range) = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner).ranges.get_mut(lane) {
            range.copied += points as u64;
            range.done = next.is_none();
            range.next = next.or(range.next);
        }
        self.publish();
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self) {
        let checkpoint = self.checkpoint();
        let (points, total) = (checkpoint.copied(), checkpoint.total);
        let (rate, left) = rate(points.saturating_sub(self.before), total.saturating_sub(points), self.began.elapsed());
        self.watchers.send_replace(Progress { points, total, points_per_second: rate, left, checkpoint: Some(checkpoint) });
    }
}

fn rate(copied: u64, remaining: u64, elapsed: Duration) -> (f64, Option<Duration>) {
    let seconds = elapsed.as_secs_f64();
    if copied == 0 || seconds <= 0.0 {
        return (0.0, None);
    }
    let rate = copied as f64 / seconds;
    (rate, Duration::try_from_secs_f64(remaining as f64 / rate).ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::rate;

    #[test]
    fn the_time_left_follows_from_the_rate() {
        assert_eq!(rate(100, 300, Duration::from_secs(2)), (50.0, Some(Duration::from_secs(6))));
        assert_eq!(rate(0, 300, Duration::from_secs(2)), (0.0, None));
        assert_eq!(rate(10, 0, Duration::from_secs(1)), (10.0, Some(Duration::ZERO)));
    }
}
