//! Events on their way to people. What is pending is the whole fleet's, whoever is asked; attempts are counted by the replica
//! that made them.

use std::collections::BTreeMap;

use prometheus::proto::MetricFamily;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::family::Family;

/// What became of one attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryResult {
    Delivered,
    /// To be tried again.
    Failed,
    GivenUp,
}

/// One webhook, as of this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookGauge {
    pub name: String,
    pub pending: u64,
    /// Of the oldest that is pending; 0 when nothing is.
    pub oldest_seconds: f64,
    pub deliveries: BTreeMap<DeliveryResult, u64>,
}

impl WebhookGauge {
    /// Nothing is pending, nothing was done.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), pending: 0, oldest_seconds: 0.0, deliveries: BTreeMap::new() }
    }
}

impl DeliveryResult {
    const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::GivenUp];

    /// As it stands in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

pub(super) fn collect(webhooks: &[WebhookGauge]) -> Vec<MetricFamily> {
    let mut pending = Family::gauge("outbox_pending", "Deliveries that have not arrived yet, of all replicas.");
    let mut oldest = Family::gauge("outbox_oldest_age_seconds", "How long the oldest pending delivery has been pending.");
    let mut deliveries = Family::counter("webhook_deliveries_total", "Attempts to deliver by this replica; given_up ones are lost.");
    for webhook in webhooks {
        let label = ("webhook", webhook.name.as_str());
        pending.add(&[label], webhook.pending);
        oldest.add_float(&[label], webhook.oldest_seconds);
        for result in DeliveryResult::ALL {
            deliveries.add(&[label, ("result", result.name())], webhook.deliveries.get(&result).copied().unwrap_or(0));
        }
    }
    [pending, oldest, deliveries].into_iter().map(Family::build).collect()
}
