//! Queries over REST.

use std::cell::RefCell;
use std::collections::HashMap;

use bytes::Bytes;
use http::{StatusCode, header};
use tokio::time::Instant;

use super::exchange::{AskFailed, Bounds, Second, Wire, headers};
use crate::protocol::operations::{origin_form, rewritten};
use crate::upstream::{Body, Http, HttpError, Upstream};

/// One client for each upstream, by the id of its definition.
#[derive(Default)]
pub(super) struct Clients(RefCell<HashMap<u64, Http>>);

impl Clients {
    pub(super) fn retain(&self, known: impl Fn(u64) -> bool) {
        self.0.borrow_mut().retain(|id, _| known(*id));
    }

    fn of(&self, upstream: &Upstream, bounds: Bounds) -> Http {
        self.0.borrow_mut().entry(upstream.id).or_insert_with(|| Http::new(&upstream.rest, bounds.connect)).clone()
    }

    pub(super) async fn ask(&self, upstream: &Upstream, bounds: Bounds, wire: &Wire<'_>, name: Option<&str>) -> Result<Second, AskFailed> {
        let failed = |error: HttpError| match error {
            HttpError::Connect(error) => AskFailed::unreachable(&error),
            error => AskFailed::because(&error),
        };
        let question = wire.question;
        let target = match (name, &wire.name) {
            (Some(name), Some(range)) => rewritten(question.uri.path(), question.uri.query(), range, name),
            _ => origin_form(&question.uri).into_owned(),
        };
        let mut headers = headers(question, upstream);
        headers.remove(header::TE);
        let body = Body::Whole(question.body.concat().into());
        let (http, deadline) = (self.of(upstream, bounds), Instant::from_std(bounds.deadline));
        let mut answer = http.send(question.method.clone(), &target, headers, body, deadline).await.map_err(failed)?;
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
            StatusCode::OK => Ok(Second { headers: answer.into_headers(), body, first_byte_us }),
            status => Err(AskFailed::Failed(format!("{status}: {}", error_text(&body.concat())))),
        }
    }
}

/// The text of Qdrant's error.
fn error_text(body: &[u8]) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = parsed.as_ref().and_then(|parsed| parsed["status"]["error"].as_str());
    said.map_or_else(|| "no reason was given".to_owned(), ToOwned::to_owned)
}
