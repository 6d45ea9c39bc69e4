//! One request to the admin API, and its answer or why there is none. Shared by all commands that ask.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use super::failure::{Failure, Refusal};
use super::foreign;
use super::stream::Lines;
use crate::config::Secret;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Some answers wait for Qdrant.
const PATIENCE: Duration = Duration::from_secs(60);
/// What Pointsman's refusals are written in (RFC 9457).
const PROBLEM: &[u8] = b"application/problem+json";

/// An admin port, and who asks it.
#[derive(Debug)]
pub(in crate::cli) struct Api {
    client: Client,
    url: String,
    headers: HeaderMap,
}

/// What Pointsman answered.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Answer {
    /// As it came.
    pub(in crate::cli) text: String,
    /// Null where there was no body, or a table.
    pub(in crate::cli) json: Value,
}

/// A path of the API; names in it may hold anything.
pub(in crate::cli) fn at(segments: &[&str]) -> String {
    segments.iter().map(|segment| format!("/{}", utf8_percent_encode(segment, NON_ALPHANUMERIC))).collect()
}

impl Api {
    pub(in crate::cli) fn new(url: &str) -> Result<Self, Failure> {
        // The admin port is on this machine or in this network; a proxy for the outside world would not reach it.
        let built = Client::builder().no_proxy().connect_timeout(CONNECT_PATIENCE).timeout(PATIENCE).build();
        let client = built.map_err(|error| unreachable(url, &error))?;
        Ok(Self { client, url: url.to_owned(), headers: HeaderMap::new() })
    }

    pub(super) fn with_token(mut self, token: &Secret) -> Result<Self, Failure> {
        let mut value = header("--token", &format!("Bearer {}", token.expose()))?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }

    /// For the audit log.
    pub(super) fn with_author(mut self, actor: Option<&String>, reason: Option<&String>) -> Result<Self, Failure> {
        let said = [("--actor", "x-pointsman-actor", actor), ("--reason", "x-pointsman-reason", reason)];
        for (flag, name, text) in said {
            if let Some(text) = text {
                self.headers.insert(HeaderName::from_static(name), header(flag, text)?);
            }
        }
        Ok(self)
    }

    /// Parameters without a value are left out.
    pub(in crate::cli) async fn get(&self, path: &str, query: &[(&str, Option<&str>)]) -> Result<Answer, Failure> {
        let query: Vec<_> = query.iter().filter_map(|(name, value)| Some((name, (*value)?))).collect();
        self.send(self.client.get(format!("{}{path}", self.url)).query(&query)).await
    }

    pub(super) async fn change(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        self.change_with(method, path, body, &[]).await
    }

    /// A change with headers of its own, each with the flag it was given by.
    pub(super) async fn change_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&'static str, &'static str, Option<&str>)],
    ) -> Result<Answer, Failure> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        for (flag, name, text) in headers {
            if let Some(text) = text {
                request = request.header(*name, header(flag, text)?);
            }
        }
        self.send(request).await
    }

    /// A change whose answer comes line by line, and takes as long as it takes.
    pub(super) async fn stream(&self, method: Method, path: &str, body: &Value) -> Result<Lines, Failure> {
        let request = self.client.request(method, format!("{}{path}", self.url)).json(body).timeout(Duration::MAX);
        let response = request.headers(self.headers.clone()).send().await.map_err(|error| unreachable(&self.url, &error))?;
        if response.status().is_success() {
            return Ok(Lines::of(response, &self.url));
        }
        Err(self.answer(response).await.err().unwrap_or_else(|| Failure::Usage("a failure became a success".to_owned())))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let response = request.headers(self.headers.clone()).send().await.map_err(|error| unreachable(&self.url, &error))?;
        self.answer(response).await
    }

    async fn answer(&self, response: Response) -> Result<Answer, Failure> {
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        // A table for a spreadsheet is what was asked for, and no JSON.
        let (is_table, is_problem) = (kind.starts_with(b"text/csv"), kind.starts_with(PROBLEM));
        let text = response.text().await.map_err(|error| unreachable(&self.url, &error))?;
        let parsed = if text.is_empty() || is_table { Ok(Value::Null) } else { serde_json::from_str(&text) };
        match parsed {
            Ok(json) if status.is_success() => Ok(Answer { text, json }),
            // All that Pointsman refuses, it refuses with a problem document.
            Ok(json) if is_problem => Err(Failure::Refused(Refusal::new(status, json, text))),
            _ => Err(Failure::Foreign { url: self.url.clone(), what: foreign::described(&self.client, &self.url, status).await }),
        }
    }
}

fn header(flag: &str, text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| Failure::Usage(format!("{flag} must be one line of text")))
}

/// What really happened stands at the end of the chain.
fn unreachable(url: &str, error: &reqwest::Error) -> Failure {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let why = if error.is_timeout() { "it did not answer in time".to_owned() } else { innermost.to_string() };
    Failure::Unreachable { url: url.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_paths_may_hold_anything() {
        assert_eq!(at(&["v1", "aliases", "a/b c", "switch"]), "/v1/aliases/a%2Fb%20c/switch");
    }

    #[test]
    fn what_cannot_be_a_header_is_wrong_usage() {
        let api = || Api::new("http://127.0.0.1:1").expect("a client");
        assert!(api().with_author(Some(&"anna".to_owned()), Some(&"größer".to_owned())).is_ok());
        let refused = api().with_author(None, Some(&"two\nlines".to_owned())).expect_err("two lines");
        assert_eq!(refused.to_string(), "--reason must be one line of text");
    }
}
