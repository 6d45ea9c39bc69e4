//! The traffic of the last minute, as the difference between two readings of the counters.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::lock;
use crate::control::run::Control;
use crate::metrics::{Series, SeriesKey, Snapshot, Totals};
use crate::protocol::Class;

/// How far back the difference reaches, where there are readings that old.
const WINDOW: Duration = Duration::from_secs(60);

/// The counters of one reading, by series and the beginning of its count: one that was begun again has nothing before.
type Reading = HashMap<(SeriesKey, SystemTime), Tally>;

/// The readings of a little more than a minute, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring(VecDeque<(Instant, Reading)>);

/// What is told of a minute.
#[derive(Clone, Debug, Default)]
struct Tally {
    requests: u64,
    errors: u64,
    fallbacks: u64,
    reads: Snapshot,
}

/// What has changed since the oldest reading.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Lately {
    pub(in crate::control) over: Duration,
    pub(in crate::control) requests: u64,
    pub(in crate::control) errors: u64,
    pub(in crate::control) fallbacks: u64,
    /// Of reads, in milliseconds.
    pub(in crate::control) p95_ms: Option<f64>,
}

impl Tally {
    fn of(totals: &Totals) -> Self {
        let reads = totals.latency(Class::Read).map(|(_, total)| total.clone()).unwrap_or_default();
        Self { requests: totals.all_requests(), errors: totals.errors(), fallbacks: totals.all_fallbacks(), reads }
    }
}

impl Ring {
    pub(super) fn note(&mut self, now: Instant, series: &[Arc<Series>]) {
        // What has served nothing yet needs no reading: its difference is what it has.
        let totals = series.iter().map(|series| ((series.key.clone(), series.since), series.totals()));
        let used = totals.filter(|(_, totals)| totals.all_requests() > 0);
        self.0.push_back((now, used.map(|(key, totals)| (key, Tally::of(&totals))).collect()));
        // The one behind the oldest is old enough itself.
        while self.0.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= WINDOW) {
            self.0.pop_front();
        }
    }

    /// None before the first reading.
    fn lately(&self, now: Instant, series: &Series, totals: &Totals) -> Option<Lately> {
        let (at, reading) = self.0.front()?;
        let before = reading.get(&(series.key.clone(), series.since)).cloned().unwrap_or_default();
        let tally = Tally::of(totals);
        Some(Lately {
            over: now.saturating_duration_since(*at),
            requests: tally.requests.saturating_sub(before.requests),
            errors: tally.errors.saturating_sub(before.errors),
            fallbacks: tally.fallbacks.saturating_sub(before.fallbacks),
            p95_ms: tally.reads.since(&before.reads).quantile(0.95).map(|microseconds| microseconds / 1000.0),
        })
    }
}

impl Control {
    pub(in crate::control) fn lately(&self, series: &Series, totals: &Totals) -> Option<Lately> {
        lock(&self.samples.traffic).lately(Instant::now(), series, totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Chosen, Completed, Handles, Outcome, Registry};
    use crate::protocol::Protocol;

    fn request(handles: &Handles, outcome: Outcome, total_us: u64) {
        let shard = handles.series.shard(0);
        shard.begin();
        shard.end(&Completed {
            protocol: Protocol::Rest,
            class: Class::Read,
            outcome,
            first_byte_us: None,
            total_us,
            request_bytes: 0,
            response_bytes: 0,
            chosen: Chosen::AsUsual,
        });
    }

    #[test]
    fn the_last_minute_is_told_apart_from_what_was_before() {
        let (registry, mut ring, start) = (Registry::new(1, 10), Ring::default(), Instant::now());
        let handles = registry.handles(Some("docs"), "stable", "default", Some("docs_v1"));
        (0..9).for_each(|_| request(&handles, Outcome::ServerError, 900_000));
        let totals = || handles.series.totals();
        assert_eq!(ring.lately(start, &handles.series, &totals()), None);
        for tick in 0..=7 {
            ring.note(start + Duration::from_secs(10 * tick), &registry.series());
        }
        request(&handles, Outcome::Ok, 1_000);
        let lately = ring.lately(start + Duration::from_secs(75), &handles.series, &totals()).expect("there are readings");
        assert_eq!((lately.over, lately.requests, lately.errors), (Duration::from_secs(65), 1, 0));
        assert!(lately.p95_ms.is_some_and(|p95| p95 < 2.0), "{lately:?}");
        assert_eq!(ring.0.len(), 7, "readings older than the window are forgotten");
    }

    #[test]
    fn a_count_that_begins_again_has_nothing_before() {
        let (registry, mut ring, start) = (Registry::new(1, 10), Ring::default(), Instant::now());
        let handles = |registry: &Registry| registry.handles(Some("docs"), "canary", "default", Some("docs_v2"));
        let first = handles(&registry);
        (0..5).for_each(|_| request(&first, Outcome::ServerError, 1));
        ring.note(start, &registry.series());
        drop(first);
        assert!(registry.series().is_empty());
        let again = handles(&registry);
        request(&again, Outcome::Ok, 1);
        let lately = ring.lately(start, &again.series, &again.series.totals()).expect("there is a reading");
        assert_eq!((lately.requests, lately.errors), (1, 0));
    }
}
