//! One look at each service that a plan names beside Qdrant, for `pointsman check --connect`.

use std::time::Duration;

use http::StatusCode;

use super::Plan;

impl Plan {
    /// Whether Prometheus answers a query; none where no guard can ask one.
    pub async fn reach_prometheus(&self) -> Option<Result<(), String>> {
        let prometheus = self.prometheus.as_ref()?;
        Some(prometheus.value("vector(1)").await.map(|_| ()).map_err(|error| error.to_string()))
    }

    /// The names of the webhooks, with what may be shown of where they lead.
    pub fn webhooks(&self) -> impl Iterator<Item = (&str, &str)> {
        self.webhooks.iter().map(|webhook| (webhook.name.as_str(), webhook.origin()))
    }

    /// What the receiver of a webhook answers to `HEAD`; nothing is delivered. None where there is no such webhook.
    pub async fn reach_webhook(&self, name: &str, limit: Duration) -> Option<Result<StatusCode, String>> {
        Some(self.webhook(name)?.reach(limit).await)
    }
}
