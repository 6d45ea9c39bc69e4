//! The traffic of this replica by alias, variant and collection, for `GET /v1/status`.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;

use super::Control;
use super::samples::Lately;
use crate::metrics::{Series, SeriesKey, Totals};
use crate::protocol::Class;
use crate::rollout::Timestamp;

/// What one collection has done as a variant of an alias, since this replica began to count it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrafficStatus {
    /// `other` for all names without a label of their own.
    pub alias: String,
    pub variant: String,
    /// None where several collections are counted together.
    pub upstream: Option<String>,
    pub collection: Option<String>,
    /// The replica that has counted.
    pub replica: String,
    /// Since when it has counted this collection as this variant.
    pub since: Timestamp,
    #[serde(flatten)]
    pub counts: Counts,
    /// None in the first seconds of the process.
    pub last_minute: Option<LastMinute>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Counts {
    pub requests: u64,
    /// Server errors, timeouts and requests that no upstream took.
    pub errors: u64,
    /// Requests of this variant that `stable` answered instead.
    pub fallbacks: u64,
    pub in_flight: u64,
    #[serde(flatten)]
    pub reads: Latency,
}

/// Of reads, from head to last byte, since the count began; none without observations.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Latency {
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
}

/// The same of the last minute alone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LastMinute {
    /// How long it is: less shortly after the start, and up to ten seconds more.
    pub seconds: f64,
    pub requests: u64,
    pub errors: u64,
    pub fallbacks: u64,
    pub p95_ms: Option<f64>,
}

impl Counts {
    pub(super) fn of(totals: &Totals) -> Self {
        let ms = |q| totals.latency(Class::Read).and_then(|(_, total)| total.quantile(q)).map(|microseconds| microseconds / 1000.0);
        Self {
            requests: totals.all_requests(),
            errors: totals.errors(),
            fallbacks: totals.all_fallbacks(),
            in_flight: totals.in_flight,
            reads: Latency { p50_ms: ms(0.50), p95_ms: ms(0.95), p99_ms: ms(0.99) },
        }
    }
}

impl From<Lately> for LastMinute {
    fn from(lately: Lately) -> Self {
        let Lately { over, requests, errors, fallbacks, p95_ms } = lately;
        Self { seconds: over.as_secs_f64(), requests, errors, fallbacks, p95_ms }
    }
}

impl Control {
    /// Every series that a table leads to, by alias, variant and collection.
    pub(super) fn traffic(&self) -> Vec<TrafficStatus> {
        let series = self.registry().series();
        series.iter().map(|series| self.traffic_of(series)).collect()
    }

    fn traffic_of(&self, series: &Series) -> TrafficStatus {
        let totals = series.totals();
        let SeriesKey { alias, variant, upstream, collection } = &series.key;
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        TrafficStatus {
            alias: alias.to_string(),
            variant: variant.to_string(),
            upstream: named(upstream),
            collection: named(collection),
            replica: self.engine.replica().to_owned(),
            since: moment(series.since),
            counts: Counts::of(&totals),
            last_minute: self.lately(series, &totals).map(LastMinute::from),
        }
    }

    /// What a variant of an alias has done in its present collection; zeros before its first request.
    pub(super) fn counts_of(&self, key: &SeriesKey) -> Counts {
        let totals = self.registry().series_of(key).map(|series| series.totals());
        Counts::of(&totals.unwrap_or_default())
    }
}

fn moment(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
