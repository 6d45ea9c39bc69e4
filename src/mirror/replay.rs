//! Replays recorded queries against two collections and compares the answers as the mirror would: the reference's answers
//! take the place of those of users.
//!
//! A command calls it, in its own process and within a `LocalSet`.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Uri};

use super::answer::read;
use super::ask::Asker;
use super::exchange::{AskFailed, Wire};
use super::first::First;
use super::shape::Shape;
use crate::golden::{Asked, Query};
use crate::live::{Question, Settings};
use crate::metrics::{Against, Comparisons, Dropped, Registry};
use crate::protocol::Protocol;
use crate::protocol::messages::framed;
use crate::protocol::names::PLACE;
use crate::protocol::operations::OPERATIONS;
use crate::routing::SLOTS;
use crate::stats::shadow::Summary;
use crate::upstream::Upstream;

/// An empty field for the collection's name, to be filled in.
const NO_NAME: [u8; 2] = [0x0a, 0];

/// The two targets, and how to compare them.
#[derive(Debug)]
pub struct Replay {
    pub upstream: Arc<Upstream>,
    /// Only the settings that limit a comparison are used.
    pub settings: Settings,
    pub reference: String,
    pub candidate: String,
    pub depth: usize,
    /// For how many of [`SLOTS`] of the queries the reference is queried again.
    pub noise: u32,
    /// Whether the vectors of both come from one model.
    pub scores: bool,
    /// Whether the worst answers are kept with payloads.
    pub payloads: bool,
}

/// The operation of a line is no search that this version knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{operation}` is no search over {protocol}")]
pub struct Unknown {
    operation: String,
    protocol: &'static str,
}

impl Replay {
    /// Checks that a collection exists and that the key may query it.
    ///
    /// # Errors
    /// The error of Qdrant or of the connection.
    pub async fn find(&self, collection: &str) -> Result<(), AskFailed> {
        let question = question(Protocol::Rest, Method::GET, &format!("/collections/{PLACE}"), Bytes::new())?;
        let wire = Wire::of(&question).ok_or_else(|| AskFailed::Failed("there is no such operation".to_owned()))?;
        Asker::default().ask(&self.upstream, &self.settings, &wire, Some(collection)).await.map(drop)
    }

    /// Puts every question to both, some of them twice to the reference, `shadow.concurrency` at a time. `told` hears after
    /// each how many are done.
    pub async fn run(&self, queries: &[Query], mut told: impl FnMut(u64)) -> Summary {
        // Nothing of it is served to anybody: it only adds up.
        let comparisons = Registry::new(1, 0).comparisons("replay", "");
        let asker = Asker::default();
        let asked = queries.iter().map(|query| self.compare(&asker, &comparisons, query));
        let mut answered = std::pin::pin!(stream::iter(asked).buffer_unordered(self.settings.shadow.concurrency));
        let mut done = 0;
        while answered.next().await.is_some() {
            done += 1;
            told(done);
        }
        comparisons.snapshot()
    }

    async fn compare(&self, asker: &Asker, comparisons: &Comparisons, query: &Query) {
        comparisons.mirrored(0);
        let Ok(question) = asking(query) else { return comparisons.discarded(Dropped::Unreadable) };
        let Some(wire) = Wire::of(&question) else { return comparisons.discarded(Dropped::Unreadable) };
        let Some(hits) = wire.operation.hits else { return comparisons.discarded(Dropped::Unreadable) };
        let ask = |collection| asker.ask(&self.upstream, &self.settings, &wire, Some(collection));
        let Ok(answer) = ask(&self.reference).await else { return comparisons.discarded(Dropped::Unanswered) };
        let limit = self.settings.shadow.max_bytes;
        let shape = Shape { protocol: question.protocol, hits, depth: self.depth, payloads: self.payloads, limit };
        let Ok(lists) = read(shape, &answer.headers, &answer.body) else { return comparisons.discarded(Dropped::Unreadable) };
        let query = question.fingerprint();
        let first = First {
            comparisons,
            shape,
            scores: self.scores,
            operation: wire.operation.name,
            asked: question.asked,
            query,
            hash: query,
            lists,
            first_byte_us: answer.first_byte_us,
        };
        first.compare(Against::Shadow, ask(&self.candidate).await);
        if fastrand::u32(..SLOTS) < self.noise {
            first.compare(Against::Noise, ask(&self.reference).await);
        }
    }
}

/// Whether a recorded query can be replayed.
///
/// # Errors
/// When it is no search.
pub fn check(query: &Query) -> Result<(), Unknown> {
    match asking(query) {
        Ok(question) if Wire::of(&question).is_some_and(|wire| wire.operation.hits.is_some()) => Ok(()),
        _ => Err(Unknown { operation: query.operation.clone(), protocol: query.protocol().label() }),
    }
}

/// The original request, without the user id.
pub(super) fn asking(query: &Query) -> Result<Question, AskFailed> {
    let unknown = || AskFailed::Failed(format!("there is no operation `{}`", query.operation));
    let operation = OPERATIONS.iter().find(|operation| operation.name == query.operation).ok_or_else(unknown)?;
    match &query.asked {
        Asked::Rest { parameters, body } => {
            let (method, path) = operation.rest.first().ok_or_else(unknown)?;
            let parameters = parameters.as_ref().map_or_else(String::new, |parameters| format!("?{parameters}"));
            let method = Method::from_bytes(method.as_bytes()).map_err(|error| AskFailed::because(&error))?;
            question(Protocol::Rest, method, &format!("{}{parameters}", path.replace("{c}", PLACE)), body.clone().into())
        }
        Asked::Grpc(message) => {
            let method = operation.grpc.first().ok_or_else(unknown)?;
            let message = framed(&[&NO_NAME, message]).ok_or_else(|| AskFailed::Failed("the question is too long".to_owned()))?;
            question(Protocol::Grpc, Method::POST, method, message)
        }
    }
}

fn question(protocol: Protocol, method: Method, target: &str, body: Bytes) -> Result<Question, AskFailed> {
    let uri = target.parse::<Uri>().map_err(|error| AskFailed::because(&error))?;
    let kind = match protocol {
        Protocol::Rest => "application/json",
        Protocol::Grpc => "application/grpc",
    };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    Ok(Question { protocol, method, uri, headers, body: [body].into_iter().collect(), asked: SystemTime::now() })
}
