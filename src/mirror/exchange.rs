//! One question on its way to a target, and what comes back, whatever the protocol.

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};

use crate::live::Question;
use crate::protocol::Protocol;
use crate::protocol::operations::{self, Operation};
use crate::upstream::Upstream;

/// A question, and where it names its collection.
pub(super) struct Wire<'q> {
    pub(super) question: &'q Question,
    pub(super) operation: &'static Operation,
    /// Of the path; gRPC has it in its message.
    pub(super) name: Option<Range<usize>>,
}

impl<'q> Wire<'q> {
    /// None for what is not one of Qdrant's operations.
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

/// What came back.
pub(super) struct Second {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<Bytes>,
    pub(super) first_byte_us: u64,
}

/// Why nothing did.
#[derive(Debug, thiserror::Error)]
pub enum AskFailed {
    #[error("the answer is larger than shadow.max_bytes")]
    TooLarge,
    /// Nobody is there.
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
    /// When the answer has to have come.
    pub(super) deadline: Instant,
}

impl Bounds {
    /// Since the question was put.
    pub(super) fn elapsed_us(&self) -> u64 {
        u64::try_from(self.asked.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// The client's headers, less what only concerned its own exchange: it may not wait as long, and would have had another coding.
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
