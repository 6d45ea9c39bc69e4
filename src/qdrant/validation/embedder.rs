//! Vectors for texts, from any service that speaks OpenAI's `/v1/embeddings`.

use std::fmt;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::qdrant::client::Bounded;
use crate::qdrant::failure::whole;
use crate::qdrant::outward;

/// Which service, and what to ask of it.
#[derive(Clone)]
pub struct EmbedderSettings {
    /// The service's root, such as `https://api.openai.com`; or the whole address, ending in `/embeddings`.
    pub url: String,
    /// The same without what may be a key, for messages.
    pub shown: String,
    pub model: String,
    /// Sent as a bearer token.
    pub key: Option<String>,
    pub timeout: Duration,
}

impl fmt::Debug for EmbedderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_ref().map(|_| "***");
        f.debug_struct("EmbedderSettings")
            .field("url", &self.shown)
            .field("model", &self.model)
            .field("key", &key)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// A client of the service.
#[derive(Clone)]
pub struct Embedder {
    url: reqwest::Url,
    shown: String,
    model: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    http: reqwest::Client,
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder").field("url", &self.shown).field("model", &self.model).finish_non_exhaustive()
    }
}

/// Why there is no vector. Never shows the key.
#[derive(Clone, Debug, thiserror::Error, Serialize, PartialEq, Eq)]
#[error("embedder {url}, model {model}: {reason}")]
pub struct EmbedFailed {
    pub url: String,
    pub model: String,
    pub reason: String,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedded>,
}

#[derive(Deserialize)]
struct Embedded {
    embedding: Vec<f32>,
}

/// Ten times the longest vector there is, written out.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Enough to tell what went wrong.
const LONGEST_REASON: usize = 300;

impl Embedder {
    /// # Errors
    /// When the address is no http or https URL, or the key cannot be sent.
    pub fn new(settings: &EmbedderSettings) -> Result<Self, EmbedFailed> {
        let fail = |reason: String| EmbedFailed { url: settings.shown.clone(), model: settings.model.clone(), reason };
        let mut url: reqwest::Url = settings.url.parse().map_err(|error| fail(format!("the address is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(fail("the address must begin with http:// or https://".to_owned()));
        }
        let root = url.path().trim_end_matches('/');
        let path = match root {
            root if root.ends_with("/embeddings") => root.to_owned(),
            root if root.ends_with("/v1") => format!("{root}/embeddings"),
            root => format!("{root}/v1/embeddings"),
        };
        // A query stays behind it: some services take their key there.
        url.set_path(&path);
        let authorization = match &settings.key {
            None => None,
            Some(key) => {
                let value = HeaderValue::from_str(&format!("Bearer {key}"));
                let mut value = value.map_err(|_| fail("the key cannot be sent in a header".to_owned()))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let builder = outward(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()));
        let http = builder.build().map_err(|error| fail(whole(&error)))?;
        Ok(Self { url, shown: settings.shown.clone(), model: settings.model.clone(), authorization, timeout: settings.timeout, http })
    }

    /// The vector of one text.
    ///
    /// # Errors
    /// When the service does not answer in time, refuses, or answers with something else.
    pub async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedFailed> {
        let mut request = self.http.post(self.url.clone()).timeout(self.timeout);
        request = request.json(&json!({"model": self.model, "input": [text], "encoding_format": "float"}));
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let mut answer = request.send().await.map_err(|error| self.broken(error))?;
        let status = answer.status();
        let mut text = Bounded::new(MAX_ANSWER_BYTES);
        while let Some(piece) = answer.chunk().await.map_err(|error| self.broken(error))? {
            if !text.take(&piece) {
                return Err(self.failed(format!("an answer of more than {MAX_ANSWER_BYTES} bytes")));
            }
        }
        let text = text.into_text();
        if !status.is_success() {
            return Err(self.failed(refusal(status, &text)));
        }
        let answer: Answer =
            serde_json::from_slice(&text).map_err(|error| self.failed(format!("an answer that cannot be read: {error}")))?;
        match <[Embedded; 1]>::try_from(answer.data) {
            Ok([embedded]) if !embedded.embedding.is_empty() => Ok(embedded.embedding),
            Ok(_) => Err(self.failed("an empty vector".to_owned())),
            Err(data) => Err(self.failed(format!("{} vectors for one text", data.len()))),
        }
    }

    fn broken(&self, error: reqwest::Error) -> EmbedFailed {
        let error = error.without_url();
        let reason = if error.is_timeout() { format!("no answer within {} s", self.timeout.as_secs_f64()) } else { whole(&error) };
        self.failed(reason)
    }

    fn failed(&self, reason: String) -> EmbedFailed {
        EmbedFailed { url: self.shown.clone(), model: self.model.clone(), reason }
    }
}

fn refusal(status: StatusCode, text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text).trim().chars().take(LONGEST_REASON).collect();
    format!("{status}: {text}")
}
