//! Trying again what may be repeated and failed for a passing reason.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Failure;

/// How often, and how long to wait in between.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
pub struct Backoff {
    /// How often a request is sent in all; at least once.
    pub attempts: u32,
    /// The pause before the second time. It doubles before each further one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 8, first: Duration::from_millis(200), longest: Duration::from_secs(20) }
    }
}

impl Backoff {
    /// Runs `attempt` until it succeeds, fails for good, or has been tried often enough.
    pub(super) async fn run<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tried = 1;
        loop {
            match attempt().await {
                Err(failure) if failure.is_transient() && tried < self.attempts => {
                    tracing::debug!(%failure, tried, "will be tried again");
                    tokio::time::sleep(self.pause(tried, failure.retry_after(), fastrand::f64())).await;
                    tried += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Between half and all of the doubled time, so that lanes which failed together do not come back together; and never
    /// sooner than the upstream asked for.
    fn pause(&self, tried: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(tried - 1).unwrap_or(u32::MAX)).min(self.longest);
        doubled.mul_f64(0.5 + chance / 2.0).max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn pauses_double_to_a_bound_and_respect_what_was_asked() {
        let backoff = Backoff { attempts: 9, first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        let pauses: Vec<u128> = (1..7).map(|tried| backoff.pause(tried, None, 1.0).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.pause(1, None, 0.0), Duration::from_millis(50));
        assert_eq!(backoff.pause(40, None, 1.0), Duration::from_secs(1));
        assert_eq!(backoff.pause(1, Some(Duration::from_secs(7)), 1.0), Duration::from_secs(7));
    }
}
