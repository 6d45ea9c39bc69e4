//! `webhooks`: who is told of events.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{EventPattern, Period, Secret, WebhookUrl};

/// One receiver of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WebhookConfig {
    /// What it is called in logs, metrics and the API. Undelivered events are kept under this name: a webhook
    /// with another name does not get them.
    pub name: String,
    /// Where events are posted to. Its path and query are never shown.
    pub url: WebhookUrl,
    /// What is posted; default `json`.
    #[serde(default)]
    pub format: WebhookFormat,
    /// Which events; default `["*"]`: all.
    #[serde(default = "everything")]
    pub events: Vec<EventPattern>,
    /// The environment variable that holds the key deliveries are signed with; default none: they are not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// How long the receiver may take to answer; default `10s`. Then it is tried again later.
    #[serde(default = "ten_seconds")]
    pub timeout: Period,
    /// Further headers, such as `authorization`; default none. Their values are never shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
}

/// What a webhook is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormat {
    /// The event, for programs.
    #[default]
    Json,
    /// `{"text": …}`, a sentence for people, as Slack, Mattermost and others take it.
    Slack,
}

fn everything() -> Vec<EventPattern> {
    vec![EventPattern::everything()]
}

fn ten_seconds() -> Period {
    Period::from_secs(10)
}
