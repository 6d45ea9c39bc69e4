//! What operators are shown of webhooks, and the delivery they can ask for.

use std::collections::BTreeMap;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use ulid::Ulid;

use super::Webhooks;
use super::board::LastAttempt;
use crate::config::WebhookFormat;
use crate::control::engine::ControlError;
use crate::control::plan::Webhook;
use crate::metrics::WebhookGauge;
use crate::store::{Backlog, Event, Timestamp};

/// A webhook, without its secrets.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub struct WebhookView {
    pub name: String,
    /// Scheme, host and port of its URL.
    pub origin: String,
    pub format: WebhookFormat,
    pub events: Vec<String>,
    pub signed: bool,
    /// Deliveries that have not arrived yet.
    pub pending: u64,
    pub oldest_age_seconds: Option<f64>,
    /// Deliveries given up in the last days.
    pub given_up: u64,
    /// The newest attempt that any replica knows of.
    last: Option<LastAttempt>,
}

/// What became of a test.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WebhookTest {
    pub webhook: String,
    pub delivered: bool,
    /// Of the receiver's answer, where there was a clear one.
    pub status: Option<u16>,
    pub error: Option<String>,
    pub duration_ms: f64,
}

impl Webhooks {
    /// All webhooks by name, with what the store says they are still owed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self) -> Result<Vec<WebhookView>, ControlError> {
        let (plan, backlog) = (self.engine.plan(), self.engine.store().backlog().await?);
        let mut last = self.board.last();
        for replica in self.engine.store().replicas().await? {
            // A report that cannot be read is one of another version.
            let reported = replica.report.body.get("webhooks").cloned().unwrap_or_default();
            let reported: BTreeMap<String, LastAttempt> = serde_json::from_value(reported).unwrap_or_default();
            for (name, attempt) in reported {
                if last.get(&name).is_none_or(|known| known.at() < attempt.at()) {
                    last.insert(name, attempt);
                }
            }
        }
        let view = |webhook: &Webhook| {
            let owed = backlog.iter().find(|owed| owed.destination == webhook.name);
            webhook.view(owed, last.remove(&webhook.name))
        };
        let mut views: Vec<WebhookView> = plan.webhooks.iter().map(view).collect();
        views.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(views)
    }

    /// Sends an event `webhook.test` at once, past the store, and says what came of it.
    ///
    /// # Errors
    /// When there is no such webhook.
    pub async fn test(&self, name: &str, actor: &str) -> Result<WebhookTest, ControlError> {
        let plan = self.engine.plan();
        let webhook = plan.webhook(name).ok_or_else(|| ControlError::NoWebhook(name.to_owned()))?;
        let body = json!({"actor": actor, "reason": "an operator asked for a test"});
        let (kind, subject) = ("webhook.test".to_owned(), name.to_owned());
        let event = Event { id: 0, at: Timestamp::now(), revision: 0, kind, subject, body };
        let began = Instant::now();
        let attempt = webhook.send(&event, &format!("test_{}", Ulid::generate()), self.engine.replica()).await;
        Ok(WebhookTest {
            webhook: name.to_owned(),
            delivered: attempt.error().is_none(),
            status: attempt.status().map(|status| status.as_u16()),
            error: attempt.error(),
            duration_ms: began.elapsed().as_secs_f64() * 1000.0,
        })
    }

    pub(in crate::control) fn gauges(&self) -> Vec<WebhookGauge> {
        let plan = self.engine.plan();
        self.board.gauges(plan.webhooks.iter().map(|webhook| webhook.name.as_str()))
    }
}

impl WebhookView {
    /// Why deliveries to it do not arrive, as of the newest attempt.
    pub(in crate::control) fn trouble(&self) -> Option<String> {
        let error = self.last.as_ref()?.failure()?;
        Some(format!("its last delivery has failed, {} are pending, {} were given up: {error}", self.pending, self.given_up))
    }
}

/// As it is shown.
impl Webhook {
    fn view(&self, owed: Option<&Backlog>, last: Option<LastAttempt>) -> WebhookView {
        WebhookView {
            name: self.name.clone(),
            origin: self.origin.clone(),
            format: self.format,
            events: self.events.iter().map(ToString::to_string).collect(),
            signed: self.secret.is_some(),
            pending: owed.map_or(0, |owed| owed.pending),
            oldest_age_seconds: owed.and_then(|owed| owed.oldest).map(|age| age.as_secs_f64()),
            given_up: owed.map_or(0, |owed| owed.dead),
            last,
        }
    }
}
