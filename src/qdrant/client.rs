//! One upstream as the control plane talks to it.
//!
//! Aliases and lists go over gRPC where that can be reached. Everything else goes over REST, because it must be faithful: a schema read as JSON
//! keeps fields this version has never heard of, payloads keep integers above `i64::MAX` and the order of their keys,
//! and snapshots can be fetched and sent by no other way.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{Code, Failure, FailureKind, whole};
use super::{Connection, Lister, Listing, ListingFailed, Protocol, RestUntil};
use crate::upstream::{Body, Endpoint, Http, HttpAnswer, HttpError};
use tokio::time::Instant;

/// How the control plane reaches one upstream.
#[derive(Clone, Debug)]
pub struct Access {
    /// The upstream's name, for errors and checkpoints.
    pub name: String,
    pub rest: Endpoint,
    pub grpc: Endpoint,
    pub api_key: Option<HeaderValue>,
    pub connect_timeout: Duration,
    /// For one call, connecting included.
    pub timeout: Duration,
    /// Shared by all who ask this upstream.
    pub rest_until: RestUntil,
}

/// Asks one upstream. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    access: Arc<Access>,
    http: Http,
}

/// A request to be sent, without the key.
pub(super) struct Asked {
    method: Method,
    path: String,
    content_type: Option<HeaderValue>,
    body: Body,
}

impl Asked {
    pub(super) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), content_type: None, body: Body::empty() }
    }

    pub(super) fn with(self, content_type: HeaderValue, body: Body) -> Self {
        Self { content_type: Some(content_type), body, ..self }
    }
}

/// An end to what a broken server could make us hold; pages of points are made to fit.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// What a path segment may carry as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Client {
    #[must_use]
    pub fn new(access: Access) -> Self {
        let http = Http::new(&access.rest, access.connect_timeout);
        Self { access: Arc::new(access), http }
    }

    /// The upstream's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.access.name
    }

    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// All aliases and collections.
    ///
    /// # Errors
    /// When there is no listing; never an empty one instead.
    pub async fn list(&self) -> Result<Listing, ListingFailed> {
        self.list_by().await.map(|(listing, _)| listing)
    }

    /// The same, and by which protocol.
    pub(super) async fn list_by(&self) -> Result<(Listing, Protocol), ListingFailed> {
        let mut lister = Lister::new(self.clone());
        let listing = lister.list().await?;
        Ok((listing, lister.protocol()))
    }

    pub(super) fn grpc(&self) -> Connection {
        let Access { grpc, api_key, connect_timeout, timeout, .. } = &*self.access;
        Connection { endpoint: grpc.clone(), api_key: api_key.clone(), connect_timeout: *connect_timeout, timeout: *timeout }
    }

    /// Asks without a body.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Sends JSON and reads the `result` of the answer.
    pub(super) async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&Value>) -> Result<T, Failure> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        self.call_raw(method, path, body, self.access.timeout).await
    }

    /// The same with a body already written, and with a time of its own.
    pub(super) async fn call_raw<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        timeout: Duration,
    ) -> Result<T, Failure> {
        let operation = operation(&method, path);
        let mut asked = Asked::new(method, path);
        if let Some(body) = body {
            asked = asked.with(HeaderValue::from_static("application/json"), Body::Whole(body));
        }
        let answer = self.send(asked, &operation, timeout).await?;
        self.result(answer, &operation, timeout).await
    }

    /// The answer, if it is one of success. It has to have come to its end within `timeout`.
    pub(super) async fn send(&self, asked: Asked, operation: &str, timeout: Duration) -> Result<HttpAnswer, Failure> {
        let Asked { method, path, content_type, body } = asked;
        let mut headers = HeaderMap::new();
        headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
        headers.extend(self.access.api_key.clone().map(|key| (HeaderName::from_static("api-key"), key)));
        let sent = self.http.send(method, &path, headers, body, Instant::now() + timeout).await;
        let answer = sent.map_err(|error| self.broken(&error, operation, timeout))?;
        if answer.status().is_success() { Ok(answer) } else { Err(self.refused(answer, operation, timeout).await) }
    }

    /// The `result` in Qdrant's envelope.
    pub(super) async fn result<T: DeserializeOwned>(&self, answer: HttpAnswer, operation: &str, timeout: Duration) -> Result<T, Failure> {
        #[derive(Deserialize)]
        struct Envelope<T> {
            result: T,
        }
        let text = self.read(answer, operation, timeout).await?;
        let envelope: Result<Envelope<T>, _> = serde_json::from_slice(&text);
        envelope.map(|envelope| envelope.result).map_err(|error| self.failed(operation, FailureKind::Unreadable(error.to_string())))
    }

    /// The whole body, up to a bound.
    pub(super) async fn read(&self, mut answer: HttpAnswer, operation: &str, timeout: Duration) -> Result<BytesMut, Failure> {
        let mut text = Bounded::new(MAX_ANSWER_BYTES);
        while let Some(piece) = answer.chunk().await.map_err(|error| self.broken(&error, operation, timeout))? {
            if !text.take(&piece) {
                return Err(self.failed(operation, FailureKind::TooLarge(MAX_ANSWER_BYTES)));
            }
        }
        Ok(text.into_text())
    }

    async fn refused(&self, answer: HttpAnswer, operation: &str, timeout: Duration) -> Failure {
        let code = answer.status();
        let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let text = self.read(answer, operation, timeout).await.unwrap_or_default();
        let kind =
            FailureKind::Refused { code: Code::Http(code), reason: reason(code, &text), retry_after: seconds.map(Duration::from_secs) };
        self.failed(operation, kind)
    }

    /// A failure below HTTP.
    pub(super) fn broken(&self, error: &HttpError, operation: &str, timeout: Duration) -> Failure {
        let kind = match error {
            HttpError::Late => FailureKind::Timeout(timeout),
            HttpError::Request(_) => FailureKind::Unusable(whole(error)),
            HttpError::Connect(_) | HttpError::Broken(_) | HttpError::Cut(_) => FailureKind::Unreachable(whole(error)),
        };
        self.failed(operation, kind)
    }

    pub(super) fn failed(&self, operation: &str, kind: FailureKind) -> Failure {
        Failure::new(self.name(), operation, kind)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.access.timeout
    }
}

/// The text of a body that comes in pieces, up to a bound.
#[derive(Debug)]
pub(super) struct Bounded {
    text: BytesMut,
    most: usize,
}

impl Bounded {
    pub(super) fn new(most: usize) -> Self {
        Self { text: BytesMut::new(), most }
    }

    /// Whether there was room for it.
    pub(super) fn take(&mut self, piece: &[u8]) -> bool {
        let fits = self.text.len() + piece.len() <= self.most;
        if fits {
            self.text.extend_from_slice(piece);
        }
        fits
    }

    pub(super) fn into_text(self) -> BytesMut {
        self.text
    }
}

/// The name of an operation in errors: the query is detail.
pub(super) fn operation(method: &Method, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

/// `/collections/{name}{rest}`, the name as one segment whatever it holds.
pub(super) fn collection_path(name: &str, rest: &str) -> String {
    format!("/collections/{}{rest}", segment(name))
}

pub(super) fn segment(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, SEGMENT)
}

/// Qdrant's own words, or the beginning of whatever came instead: keys that are refused get plain text.
fn reason(code: StatusCode, text: &[u8]) -> String {
    const LONGEST: usize = 500;
    #[derive(Deserialize)]
    struct Answer {
        status: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        error: String,
    }
    if let Ok(answer) = serde_json::from_slice::<Answer>(text) {
        return answer.status.error;
    }
    let text: String = String::from_utf8_lossy(text).trim().chars().take(LONGEST).collect();
    if text.is_empty() { code.canonical_reason().unwrap_or("no reason given").to_owned() } else { text }
}
