//! When a delivery that failed is tried again, and when no more.

use std::time::Duration;

/// Doubled with each attempt.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3_600);
/// So that a receiver that comes back does not get every delivery at once.
const JITTER: f64 = 0.2;
/// With the pauses above that is about 35 attempts.
pub(super) const PATIENCE: Duration = Duration::from_secs(86_400);

/// How long to wait after this many attempts. `random` is between 0 and 1. A receiver that asks for more time gets it, up
/// to the longest pause.
pub(super) fn pause(attempts: u64, asked: Option<Duration>, random: f64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let pause = pause.mul_f64(1.0 - JITTER + 2.0 * JITTER * random);
    asked.map_or(pause, |asked| pause.max(asked.min(LONGEST)))
}

/// Whether it has been tried long enough.
pub(super) fn is_over(age: Duration) -> bool {
    age >= PATIENCE
}
