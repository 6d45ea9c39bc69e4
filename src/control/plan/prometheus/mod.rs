//! The Prometheus that guards ask: one instant query, one number, or the reason why there is none.
//!
//! Called by the controller before it looks at its canaries. Whatever goes wrong here is a reason to be unsure, never a
//! reason to go on or back (I7, I8).

mod answer;

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};

use crate::config::PrometheusConfig;
use crate::qdrant::outward;

/// One number needs no more, and a list of thousands of series is refused all the same.
const MAX_ANSWER: usize = 1024 * 1024;

/// Why a query has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::control) enum NoValue {
    #[error("no Prometheus is configured here")]
    NotConfigured,
    /// Its window has only just begun.
    #[error("Prometheus has not been asked yet")]
    NotAsked,
    #[error("Prometheus could not be asked: {0}")]
    Unreachable(String),
    #[error("Prometheus has not answered within {} s", .0.as_secs_f64())]
    Late(Duration),
    #[error("Prometheus refused the query: {0}")]
    Refused(String),
    #[error("what Prometheus answered is no answer to a query: {0}")]
    Unreadable(String),
    #[error("the query has no data")]
    NoData,
    #[error("the query gives {0} series, and must give one")]
    Many(usize),
    #[error("the query gives a {0}, and must give a scalar or a vector of one")]
    Kind(String),
    #[error("the query's value is {0}")]
    NotFinite(String),
}

#[derive(Clone, Debug)]
pub(in crate::control) struct Prometheus {
    client: Client,
    url: String,
    token: Option<crate::config::Secret>,
    pub(in crate::control) timeout: Duration,
}

impl Prometheus {
    /// None where no URL is configured.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(in crate::control) fn of(config: &PrometheusConfig) -> Result<Option<Self>, reqwest::Error> {
        let Some(url) = &config.url else { return Ok(None) };
        let timeout = config.timeout.get();
        // The token is for this host alone.
        let client = outward(Client::builder().redirect(Policy::none()).connect_timeout(timeout)).build()?;
        Ok(Some(Self { client, url: url.join("/api/v1/query"), token: config.token.clone(), timeout }))
    }

    /// What a query is worth now.
    pub(in crate::control) async fn value(&self, query: &str) -> Result<f64, NoValue> {
        match tokio::time::timeout(self.timeout, self.ask(query)).await {
            Ok(value) => value,
            Err(_) => Err(NoValue::Late(self.timeout)),
        }
    }

    async fn ask(&self, query: &str) -> Result<f64, NoValue> {
        let unreachable = |error: reqwest::Error| NoValue::Unreachable(told(&error));
        let mut answer = self.request(query).send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(NoValue::Unreadable(format!("it has more than {MAX_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        match answer::value(&body) {
            // What stands before it, such as a proxy that wants another key.
            Err(NoValue::Unreadable(_)) if !status.is_success() => Err(NoValue::Refused(format!("HTTP status {status}"))),
            value => value,
        }
    }

    /// As a form, since a query may be longer than a URL.
    fn request(&self, query: &str) -> RequestBuilder {
        let request = self.client.post(&self.url).form(&[("query", query)]);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }
}

/// An error with what it came from: reqwest's own words leave that out.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
