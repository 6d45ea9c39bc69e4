//! Questions over REST.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use reqwest::Client;

use super::exchange::{AskFailed, Bounds, Second, Wire, headers};
use crate::proxy::classify::rewritten;
use crate::upstream::Upstream;

/// Qdrant closes connections that were idle for five seconds.
const IDLE: Duration = Duration::from_secs(3);

/// One client for each upstream, by the id of its definition.
#[derive(Default)]
pub(super) struct Clients(RefCell<HashMap<u64, Client>>);

impl Clients {
    pub(super) fn retain(&self, known: impl Fn(u64) -> bool) {
        self.0.borrow_mut().retain(|id, _| known(*id));
    }

    fn of(&self, upstream: &Upstream, bounds: Bounds) -> Result<Client, AskFailed> {
        if let Some(client) = self.0.borrow().get(&upstream.id) {
            return Ok(client.clone());
        }
        let mut builder = Client::builder().no_proxy().connect_timeout(bounds.connect).pool_idle_timeout(IDLE);
        // Qdrant never sends anybody elsewhere, and a key must not be carried there.
        builder = builder.redirect(reqwest::redirect::Policy::none());
        if let Some((config, _)) = &upstream.rest.tls {
            let mut config = rustls::ClientConfig::clone(config);
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            builder = builder.use_preconfigured_tls(config);
        } else {
            // Reading the system's certificates would hold up the mirror's one thread, for nothing.
            builder = builder.tls_built_in_root_certs(false);
        }
        let client = builder.build().map_err(|error| AskFailed::because(&error))?;
        self.0.borrow_mut().insert(upstream.id, client.clone());
        Ok(client)
    }

    pub(super) async fn ask(&self, upstream: &Upstream, bounds: Bounds, wire: &Wire<'_>, name: Option<&str>) -> Result<Second, AskFailed> {
        let failed = |error: reqwest::Error| match error.is_connect() {
            true => AskFailed::unreachable(&error.without_url()),
            false => AskFailed::because(&error.without_url()),
        };
        let client = self.of(upstream, bounds)?;
        let question = wire.question;
        let target = match (name, &wire.name) {
            (Some(name), Some(range)) => rewritten(question.uri.path(), question.uri.query(), range, name),
            _ => question.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned(),
        };
        let url = format!("{}://{}{target}", upstream.rest.scheme(), upstream.rest.authority);
        let mut headers = headers(question, upstream);
        headers.remove(header::TE);
        let request = client.request(question.method.clone(), url).headers(headers).body(question.body.concat());
        let mut answer = request.send().await.map_err(failed)?;
        let first_byte_us = bounds.elapsed_us();
        let mut body: Vec<Bytes> = Vec::new();
        let mut size = 0;
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            size += chunk.len();
            if size > bounds.bytes {
                return Err(AskFailed::TooLarge);
            }
            body.push(chunk);
        }
        match answer.status() {
            StatusCode::OK => Ok(Second { headers: std::mem::take(answer.headers_mut()), body, first_byte_us }),
            status => Err(AskFailed::Failed(format!("{status}: {}", error_text(&body.concat())))),
        }
    }
}

/// What Qdrant says of an error.
fn error_text(body: &[u8]) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = parsed.as_ref().and_then(|parsed| parsed["status"]["error"].as_str());
    said.map_or_else(|| "no reason was given".to_owned(), ToOwned::to_owned)
}
