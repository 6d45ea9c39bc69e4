//! What this process has delivered: for metrics, and for views of how a webhook is doing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transport::Attempt;
use crate::metrics::{DeliveryResult, WebhookGauge};
use crate::store::{Backlog, Delivery, Timestamp};

/// The names are those of the configuration, so there are few.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tallies: BTreeMap<String, Tally>,
    /// As of the last look at the store.
    backlog: Vec<Backlog>,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    attempts: BTreeMap<DeliveryResult, u64>,
    last: Option<LastAttempt>,
}

/// The newest attempt at a webhook. Travels to other replicas in the controller's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WebhookAttempt")]
pub(in crate::control) struct LastAttempt {
    at: Timestamp,
    /// The id of the event.
    event: u64,
    kind: String,
    result: DeliveryResult,
    attempts: u64,
    error: Option<String>,
}

impl LastAttempt {
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    /// Why it has not arrived, if it has not.
    pub(super) fn failure(&self) -> Option<&str> {
        (self.result != DeliveryResult::Delivered).then(|| self.error.as_deref().unwrap_or("no answer"))
    }
}

impl Board {
    pub(super) fn note(&self, delivery: &Delivery, result: DeliveryResult, attempt: &Attempt) {
        let mut inner = self.lock();
        let tally = inner.tallies.entry(delivery.destination.clone()).or_default();
        *tally.attempts.entry(result).or_default() += 1;
        tally.last = Some(LastAttempt {
            at: Timestamp::now(),
            event: delivery.event.id,
            kind: delivery.event.kind.clone(),
            result,
            attempts: delivery.attempts,
            error: attempt.error(),
        });
    }

    /// Deliveries that were given up without another attempt.
    pub(super) fn note_abandoned(&self, webhook: &str, count: u64) {
        let mut inner = self.lock();
        let tally = inner.tallies.entry(webhook.to_owned()).or_default();
        *tally.attempts.entry(DeliveryResult::GivenUp).or_default() += count;
    }

    pub(super) fn set_backlog(&self, backlog: Vec<Backlog>) {
        self.lock().backlog = backlog;
    }

    /// The newest attempts, by webhook.
    pub(super) fn last(&self) -> BTreeMap<String, LastAttempt> {
        let inner = self.lock();
        inner.tallies.iter().filter_map(|(name, tally)| Some((name.clone(), tally.last.clone()?))).collect()
    }

    /// One gauge for each of these webhooks, and for each that something is still owed to.
    pub(super) fn gauges<'a>(&self, configured: impl Iterator<Item = &'a str>) -> Vec<WebhookGauge> {
        let inner = self.lock();
        let mut gauges: BTreeMap<&str, WebhookGauge> = configured.map(|name| (name, WebhookGauge::of(name))).collect();
        for owed in &inner.backlog {
            let gauge = gauges.entry(&owed.destination).or_insert_with(|| WebhookGauge::of(&owed.destination));
            (gauge.pending, gauge.oldest_seconds) = (owed.pending, owed.oldest.map_or(0.0, |age| age.as_secs_f64()));
        }
        for (name, tally) in &inner.tallies {
            gauges.entry(name).or_insert_with(|| WebhookGauge::of(name)).deliveries = tally.attempts.clone();
        }
        gauges.into_values().collect()
    }

    /// Nothing panics while it holds the lock; if it ever did, the counts would still be whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
