//! Whether a caller that found no connection waits for the next attempt.

use std::time::Duration;

use tokio::time::Instant;

use super::error::ConnectError;
use super::health::{Health, Outage};

/// How long a caller that has an alternative waits for the one attempt while the upstream is dead. A running host answers or
/// refuses within this time; one that drops packets must not delay a request.
const GLIMPSE: Duration = Duration::from_millis(250);

/// How long an attempt to connect may take, and how long the connection may stall while there is something to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenLimits {
    pub(crate) connect: Duration,
    pub(crate) idle: Option<Duration>,
}

/// How long a caller is willing to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Persistence {
    /// It has an alternative, such as stable on another upstream: it never waits for an upstream that is known to be dead.
    pub(crate) elsewhere: bool,
    /// How long it waits for one attempt; the attempt may continue without it.
    pub(crate) attempt: Duration,
    /// How long an upstream may have been dead for callers to keep waiting (`timeouts.reconnect`).
    pub(crate) reconnect: Duration,
    /// The caller's own deadline.
    pub(crate) until: Option<Instant>,
}

impl Persistence {
    /// One attempt, or joining the one in progress, until it ends.
    pub(crate) const NONE: Self = Self { elsewhere: false, attempt: Duration::MAX, reconnect: Duration::ZERO, until: None };

    /// How long the caller waits for an attempt.
    pub(super) fn wait(&self, dead: bool) -> Duration {
        if dead && self.elsewhere { self.attempt.min(GLIMPSE) } else { self.attempt }
    }

    /// Makes one attempt after the other, until one succeeds or the caller had better give up. After each pause it takes what
    /// has become `free` in between.
    pub(super) async fn connection<T>(
        &self,
        health: &Health,
        attempt: impl AsyncFn() -> Result<T, ConnectError>,
        free: impl Fn() -> Option<T>,
    ) -> Result<T, ConnectError> {
        loop {
            let error = match attempt().await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let pause = health.outage().and_then(|outage| self.pause(&outage, Instant::now()));
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
            if let Some(connection) = free() {
                return Ok(connection);
            }
        }
    }

    /// The pause before the next attempt; none if the caller had better give up.
    pub(super) fn pause(&self, outage: &Outage, now: Instant) -> Option<Duration> {
        let rest = outage.rest(now);
        let patient = !self.elsewhere && !outage.error().is_permanent();
        let in_time = self.until.is_none_or(|until| now + rest < until);
        (patient && in_time && outage.age(now) + rest <= self.reconnect).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::error::tests::{refused, untrusted};

    const PATIENT: Persistence = Persistence { reconnect: Duration::from_secs(5), ..Persistence::NONE };

    /// The pauses of one caller whose attempts are refused at once, until it gives up.
    fn pauses(persistence: Persistence, start: Instant) -> Vec<u128> {
        let (health, mut now, mut all) = (Health::default(), start, Vec::new());
        loop {
            health.failed(now, now, &refused());
            let Some(pause) = persistence.pause(&health.outage().expect("it failed"), now) else { return all };
            all.push(pause.as_millis());
            now += pause;
        }
    }

    #[test]
    fn a_caller_tries_again_with_growing_pauses_as_long_as_it_may() {
        let start = Instant::now();
        assert_eq!(pauses(PATIENT, start), [100, 200, 400, 800, 1600, 1600]);
        assert_eq!(pauses(Persistence { reconnect: Duration::from_secs(1), ..PATIENT }, start), [100, 200, 400]);
        assert!(pauses(Persistence { reconnect: Duration::ZERO, ..PATIENT }, start).is_empty());
    }

    #[test]
    fn a_caller_gives_up_where_its_own_time_would_be_over() {
        let start = Instant::now();
        let until = Some(start + Duration::from_millis(500));
        assert_eq!(pauses(Persistence { until, ..PATIENT }, start), [100, 200]);
    }

    #[test]
    fn a_caller_with_somewhere_else_to_go_never_waits() {
        assert!(pauses(Persistence { elsewhere: true, ..PATIENT }, Instant::now()).is_empty());
    }

    #[test]
    fn what_waiting_cannot_mend_is_not_waited_for() {
        let (health, now) = (Health::default(), Instant::now());
        health.failed(now, now, &untrusted());
        assert!(PATIENT.pause(&health.outage().expect("it failed"), now).is_none());
    }
}
