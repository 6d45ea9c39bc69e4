//! The retry budget of a worker: a share of its requests, plus a few per second.
//!
//! Retries multiply load exactly when an upstream can bear it least; the budget keeps them a small part of it. A worker has
//! one thread, so plain cells are enough; a shared budget would need atomics and its own clock.

use std::cell::Cell;
use std::time::Instant;

use crate::live::Retry;

/// How much may accumulate: seconds of the minimum rate and, for the share, retries.
const SAVED_SECONDS: f64 = 10.0;
const SAVED_RETRIES: f64 = 100.0;

#[derive(Debug)]
pub(in crate::proxy) struct Budget {
    earned: Cell<f64>,
    timed: Cell<f64>,
    filled: Cell<Instant>,
}

impl Budget {
    pub(in crate::proxy) fn new(now: Instant) -> Self {
        Self { earned: Cell::new(0.0), timed: Cell::new(f64::MAX), filled: Cell::new(now) }
    }

    /// A request was seen.
    pub(in crate::proxy) fn deposit(&self, policy: &Retry) {
        self.earned.set((self.earned.get() + policy.budget_ratio).min(SAVED_RETRIES));
    }

    /// Takes one retry, if there is one.
    pub(in crate::proxy) fn withdraw(&self, policy: &Retry, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.filled.replace(now)).as_secs_f64();
        let most = policy.min_per_second * SAVED_SECONDS;
        self.timed.set((self.timed.get() + waited * policy.min_per_second).min(most));
        for purse in [&self.timed, &self.earned] {
            if purse.get() >= 1.0 {
                purse.set(purse.get() - 1.0);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn spends_the_minimum_first_and_then_a_share_of_requests() {
        let start = Instant::now();
        let policy = Retry { budget_ratio: 0.5, min_per_second: 0.2 };
        let budget = Budget::new(start);
        assert!(budget.withdraw(&policy, start), "two are saved up: ten seconds of 0.2");
        assert!(budget.withdraw(&policy, start));
        assert!(!budget.withdraw(&policy, start), "nothing is left");
        budget.deposit(&policy);
        assert!(!budget.withdraw(&policy, start), "half a retry is none");
        budget.deposit(&policy);
        assert!(budget.withdraw(&policy, start));
        assert!(!budget.withdraw(&policy, start));
        assert!(budget.withdraw(&policy, start + Duration::from_secs(5)), "five seconds earn one");
    }
}
