//! Queries over gRPC: the mirror's own connections, and the client's message with another collection name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Version};
use percent_encoding::percent_decode;

use super::exchange::{AskFailed, Bounds, Second, headers};
use super::wire;
use crate::live::Question;
use crate::upstream::h2::Pool;
use crate::upstream::{OpenLimits, Persistence, Tally, Upstream};

/// The connections, by the id of an upstream's definition.
#[derive(Default)]
pub(super) struct Lines(RefCell<HashMap<u64, Rc<Pool>>>);

impl Lines {
    pub(super) fn retain(&self, known: impl Fn(u64) -> bool) {
        self.0.borrow_mut().retain(|id, _| known(*id));
    }

    /// The next call uses a fresh connection; calls on this one may end.
    pub(super) fn forget(&self, upstream: &Upstream) {
        if let Some(pool) = self.0.borrow().get(&upstream.id) {
            pool.forget();
        }
    }

    fn of(&self, upstream: &Arc<Upstream>) -> Rc<Pool> {
        Rc::clone(self.0.borrow_mut().entry(upstream.id).or_insert_with(|| Pool::new(upstream, Tally::default())))
    }

    pub(super) async fn ask(
        &self,
        upstream: &Arc<Upstream>,
        bounds: Bounds,
        question: &Question,
        name: Option<&str>,
        inflated: usize,
    ) -> Result<Second, AskFailed> {
        let message = wire::message(question, name, inflated).map_err(|error| AskFailed::because(&error))?;
        // The time limit of one answer also ends a stalled transfer.
        let limits = OpenLimits { connect: bounds.connect, idle: None };
        let lease = self.of(upstream).lease(limits, Persistence::NONE).await.map_err(|error| AskFailed::unreachable(&error))?;
        let broken = |error: h2::Error| AskFailed::because(&error);
        let (answer, mut stream) = lease.sender().send_request(request(question, upstream)?, false).map_err(broken)?;
        stream.send_data(message, true).map_err(broken)?;
        let (head, mut body) = answer.await.map_err(broken)?.into_parts();
        lease.answered();
        let first_byte_us = bounds.elapsed_us();
        let (mut chunks, mut size) = (Vec::new(), 0);
        while let Some(chunk) = body.data().await {
            let chunk = chunk.map_err(broken)?;
            body.flow_control().release_capacity(chunk.len()).map_err(broken)?;
            size += chunk.len();
            if size > bounds.bytes {
                return Err(AskFailed::TooLarge);
            }
            chunks.push(chunk);
        }
        let trailers = body.trailers().await.map_err(broken)?;
        succeeded(trailers.as_ref().unwrap_or(&head.headers))?;
        Ok(Second { headers: head.headers, body: chunks, first_byte_us })
    }
}

fn request(question: &Question, upstream: &Upstream) -> Result<Request<()>, AskFailed> {
    let path = question.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = upstream.grpc.uri(path).map_err(|error| AskFailed::because(&error))?;
    *request.headers_mut() = headers(question, upstream);
    Ok(request)
}

/// Whether the call's status, as it stands in `trailers`, is OK.
fn succeeded(trailers: &HeaderMap) -> Result<(), AskFailed> {
    match trailers.get("grpc-status").map(http::HeaderValue::as_bytes) {
        Some(b"0") => Ok(()),
        status => {
            let status = String::from_utf8_lossy(status.unwrap_or(b"none"));
            let message = trailers.get("grpc-message").map(|message| percent_decode(message.as_bytes()).decode_utf8_lossy());
            Err(AskFailed::Failed(format!("gRPC status {status}: {}", message.unwrap_or_default())))
        }
    }
}
