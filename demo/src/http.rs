//! One HTTP API and the few calls the demo makes on it: Qdrant's, the sandbox's and Pointsman's admin API alike.

use std::time::Duration;

use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::DemoError;

const TIMEOUT: Duration = Duration::from_secs(15);
/// Pointsman closes an idle connection after 30 s, its `head_timeout`. A search that is sent at that moment gets no answer.
const IDLE: Duration = Duration::from_secs(10);

/// A client that goes straight to the address it is given: everything the demo starts is on this machine.
pub(crate) fn client() -> Result<Client, DemoError> {
    let built = Client::builder().timeout(TIMEOUT).pool_idle_timeout(IDLE).no_proxy().build();
    built.map_err(|source| DemoError::Io { what: "setting up the HTTP client".into(), source: std::io::Error::other(source) })
}

#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    base: String,
}

impl Api {
    pub(crate) fn new(client: Client, base: &str) -> Self {
        Self { client, base: base.to_owned() }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The text of a successful answer.
    pub(crate) async fn get(&self, path: &str) -> Result<String, DemoError> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<String, DemoError> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<String, DemoError> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn get_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, DemoError> {
        self.read(Method::GET, path, &self.get(path).await?)
    }

    pub(crate) async fn post_as<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, DemoError> {
        self.read(Method::POST, path, &self.post(path, body).await?)
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<String, DemoError> {
        let url = self.url(path);
        let mut request = self.client.request(method.clone(), &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |source| DemoError::Unreachable { method: method.clone(), url: url.clone(), source };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        if status.is_success() { Ok(text) } else { Err(DemoError::Refused { method, url, status, body: text }) }
    }

    fn read<T: DeserializeOwned>(&self, method: Method, path: &str, text: &str) -> Result<T, DemoError> {
        serde_json::from_str(text).map_err(|source| DemoError::Unreadable { method, url: self.url(path), source })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
