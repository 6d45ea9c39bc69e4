//! A webhook as it is used: the configuration with its secrets read and its client made.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::PlanFault;
use crate::config::{EventPattern, Secret, WebhookConfig, WebhookFormat};

use crate::qdrant::{outward, whole};

#[derive(Clone)]
pub(in crate::control) struct Webhook {
    pub(in crate::control) name: String,
    pub(in crate::control) url: reqwest::Url,
    /// What may be shown of the URL.
    pub(in crate::control) origin: String,
    pub(in crate::control) format: WebhookFormat,
    pub(in crate::control) events: Vec<EventPattern>,
    pub(in crate::control) secret: Option<Secret>,
    pub(in crate::control) timeout: Duration,
    pub(in crate::control) headers: HeaderMap,
    pub(in crate::control) http: reqwest::Client,
}

impl Webhook {
    /// All webhooks of a configuration that has passed its checks. `variable` reads the environment.
    ///
    /// # Errors
    /// Every secret that is not there.
    pub(in crate::control) fn all(
        configured: &[WebhookConfig],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Self>, Vec<PlanFault>> {
        if configured.is_empty() {
            return Ok(Vec::new());
        }
        let fault = |key: String, reason: String| PlanFault { key, reason };
        // A redirect would take headers and signature to another host. Events are rare: a kept connection would mostly be a
        // dead one.
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
        let http = outward(builder).user_agent(concat!("pointsman/", env!("CARGO_PKG_VERSION"))).build();
        let http = http.map_err(|error| vec![fault("webhooks".to_owned(), whole(&error))])?;
        let (mut webhooks, mut faults) = (Vec::new(), Vec::new());
        for (index, webhook) in configured.iter().enumerate() {
            let resolved = Self::of(webhook, &http, &variable);
            match resolved {
                Ok(webhook) => webhooks.push(webhook),
                Err((key, reason)) => faults.push(fault(format!("webhooks[{index}].{key}"), reason)),
            }
        }
        if faults.is_empty() { Ok(webhooks) } else { Err(faults) }
    }

    /// The key of the fault, and why.
    fn of(
        configured: &WebhookConfig,
        http: &reqwest::Client,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, (&'static str, String)> {
        // The reason a parser gives would quote the URL.
        let url = configured.url.expose().parse().map_err(|_| ("url", "is not a URL".to_owned()))?;
        let secret = match &configured.secret_env {
            None => None,
            Some(name) => {
                let value = variable(name).filter(|value| !value.is_empty());
                let value = value.ok_or_else(|| {
                    (
                        "secret_env",
                        format!("the environment variable {name} is not set: set it where `serve` runs, or leave `secret_env` out"),
                    )
                })?;
                Some(Secret::new(value))
            }
        };
        Ok(Self {
            name: configured.name.clone(),
            url,
            origin: configured.url.origin().to_owned(),
            format: configured.format,
            events: configured.events.clone(),
            secret,
            timeout: configured.timeout.get(),
            headers: headers(configured)?,
            http: http.clone(),
        })
    }

    /// What may be shown of the URL.
    pub(in crate::control) fn origin(&self) -> &str {
        &self.origin
    }

    /// Asks without a body, without the configured headers and without a signature: nothing is delivered.
    pub(in crate::control) async fn reach(&self, limit: Duration) -> Result<StatusCode, String> {
        let answer = self.http.head(self.url.clone()).timeout(limit).send().await;
        answer.map(|answer| answer.status()).map_err(|error| whole(&error.without_url()))
    }

    pub(in crate::control) fn wants(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(kind))
    }
}

fn headers(configured: &WebhookConfig) -> Result<HeaderMap, (&'static str, String)> {
    let mut headers = HeaderMap::new();
    for (name, value) in &configured.headers {
        let header = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value.expose()).ok());
        let (name, mut value) = header.ok_or_else(|| ("headers", format!("`{name}` cannot be sent")))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Without secrets.
impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Webhook").field("name", &self.name).field("origin", &self.origin).finish_non_exhaustive()
    }
}
