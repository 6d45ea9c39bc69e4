//! One query on its way to a target, and the answer, independent of the protocol.

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};

use crate::live::Question;
use crate::protocol::Protocol;
use crate::protocol::operations::{self, Operation};
use crate::upstream::Upstream;

/// A query, and where it names its collection.
pub(super) struct Wire<'q> {
    pub(super) question: &'q Question,
    pub(super) operation: &'static Operation,
    /// The name's position in the path; for gRPC the name is in the message.
    pub(super) name: Option<Range<usize>>,
}

impl<'q> Wire<'q> {
    /// None if it is not an operation of Qdrant.
    pub(super) fn of(question: &'q Question) -> Option<Self> {
        let path = question.uri.path();
        let (operation, name) = match question.protocol {
            Protocol::Rest => {
                let located = operations::locate(&question.method, path)?;
                (located.operation, located.name.map(|name| name.range))
            }
            Protocol::Grpc => (operations::grpc(path)?, None),
        };
        Some(Self { question, operation, name })
    }
}

/// The answer of the target.
pub(super) struct Second {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<Bytes>,
    pub(super) first_byte_us: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskFailed {
    #[error("the answer is larger than shadow.max_bytes")]
    TooLarge,
    /// The target cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Failed(String),
}

impl AskFailed {
    pub(super) fn because(error: &dyn std::error::Error) -> Self {
        Self::Failed(chain(error))
    }

    /// There is no connection.
    pub(super) fn unreachable(error: &dyn std::error::Error) -> Self {
        Self::Unreachable(chain(error))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// How long one answer may take, and how large it may be.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) connect: Duration,
    pub(super) bytes: usize,
    pub(super) asked: Instant,
    /// The deadline of the answer.
    pub(super) deadline: Instant,
}

impl Bounds {
    /// Microseconds since the query was sent.
    pub(super) fn elapsed_us(&self) -> u64 {
        u64::try_from(self.asked.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// The client's headers, without those that only concerned its own exchange: its deadline and its accepted codings.
pub(super) fn headers(question: &Question, upstream: &Upstream) -> HeaderMap {
    let mut headers = question.headers.clone();
    for name in [header::ACCEPT_ENCODING, header::CONTENT_LENGTH, header::HOST] {
        headers.remove(name);
    }
    for name in ["grpc-accept-encoding", "grpc-timeout"] {
        headers.remove(HeaderName::from_static(name));
    }
    upstream.credentials.apply(&mut headers);
    headers
}
