//! What each replica looks at every few seconds, so that `GET /v1/status` and `/metrics` can say what has changed lately. In memory
//! only. The data path does not know of it: the counters are read, not written.

mod revisions;
mod traffic;
mod units;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Control;

pub(super) use traffic::Lately;

/// How often counters are read.
const EVERY: Duration = Duration::from_secs(10);
/// The units of experiments are read from the store, which is more work.
const UNITS_EVERY: u32 = 3;

/// What was seen at the last looks.
#[derive(Debug, Default)]
pub(super) struct Samples {
    traffic: Mutex<traffic::Ring>,
    revisions: Mutex<revisions::Ring>,
    units: Mutex<units::Known>,
}

/// Nothing panics while it holds one of these locks; if it ever did, what was seen would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs for as long as it is polled.
pub(super) async fn run(control: Control) {
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u32.. {
        beat.tick().await;
        control.sample(Instant::now());
        if round.is_multiple_of(UNITS_EVERY)
            && let Err(error) = control.count_units().await
        {
            tracing::debug!(%error, "the units of experiments could not be counted; it is tried again");
        }
    }
}

impl Control {
    /// Reads the counters, and notes which revision of the store this replica has reached.
    pub(super) fn sample(&self, now: Instant) {
        lock(&self.samples.traffic).note(now, &self.registry().series());
        lock(&self.samples.revisions).note(now, self.engine.state().documents.revision);
    }
}
