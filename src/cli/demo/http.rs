//! One HTTP API and the few calls the demo makes on it: Qdrant's, the sandbox's and Pointsman's admin API alike.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use super::error::DemoError;

const TIMEOUT: Duration = Duration::from_secs(15);

/// A client that goes straight to the address it is given: everything the demo starts is on this machine.
pub(super) fn client() -> Result<Client, DemoError> {
    let built = Client::builder().timeout(TIMEOUT).no_proxy().build();
    built.map_err(|source| DemoError::Io { what: "setting up the HTTP client".into(), source: std::io::Error::other(source) })
}

#[derive(Clone, Debug)]
pub(super) struct Api {
    client: Client,
    base: String,
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) etag: Option<String>,
}

impl Api {
    pub(super) fn new(client: Client, base: &str) -> Self {
        Self { client, base: base.trim_end_matches('/').to_owned() }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, DemoError> {
        self.call(Method::GET, path, None, None).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Answer, DemoError> {
        self.call(Method::PUT, path, Some(body), None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, DemoError> {
        self.call(Method::POST, path, Some(body), None).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value, if_match: &str) -> Result<Answer, DemoError> {
        self.call(Method::PATCH, path, Some(body), Some(if_match)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Answer, DemoError> {
        self.call(Method::DELETE, path, None, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>, if_match: Option<&str>) -> Result<Answer, DemoError> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method.clone(), &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(etag) = if_match {
            request = request.header(reqwest::header::IF_MATCH, etag);
        }
        let unreachable = |source| DemoError::Unreachable { method: method.clone(), url: url.clone(), source };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let etag = response.headers().get(reqwest::header::ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = response.text().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(DemoError::Refused { method, url, status, body: text });
        }
        // `/readyz`, a metrics page and a 204 are not JSON; whoever needs a field of the body says which is missing.
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { body, etag })
    }
}
