//! Since when this replica has had which revision of the store, to tell a replica that is late from one that is only about to
//! hear of a change.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::lock;
use crate::control::run::Control;

/// A replica hears of a change within a second, and tells of it within another.
const LATE: Duration = Duration::from_secs(15);

/// Oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring(VecDeque<(Instant, u64)>);

impl Ring {
    pub(super) fn note(&mut self, now: Instant, revision: u64) {
        self.0.push_back((now, revision));
        while self.0.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= LATE) {
            self.0.pop_front();
        }
    }

    /// What every replica ought to have by now.
    fn due(&self, now: Instant) -> Option<u64> {
        let old = self.0.iter().rev().find(|(at, _)| now.saturating_duration_since(*at) >= LATE);
        old.map(|(_, revision)| *revision)
    }
}

impl Control {
    /// The revision that every live replica ought to have reached; none shortly after the start.
    pub(in crate::control) fn due_revision(&self) -> Option<u64> {
        lock(&self.samples.revisions).due(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_late_only_for_what_was_known_a_while_ago() {
        let (mut ring, start) = (Ring::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        for (seconds, revision) in [(0, 3), (10, 5), (20, 9)] {
            ring.note(after(seconds), revision);
        }
        assert_eq!([10, 15, 24, 25, 34, 35].map(|seconds| ring.due(after(seconds))), [None, Some(3), Some(3), Some(5), Some(5), Some(9)]);
    }
}
