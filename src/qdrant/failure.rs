//! Why an upstream did not do what it was asked: which upstream, which operation, which code, which reason.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// A call that failed. Never to be read as "there is nothing".
#[derive(Clone, Debug, thiserror::Error)]
#[error("{upstream}: {operation}: {kind}")]
pub struct Failure {
    /// The upstream's name.
    pub upstream: String,
    /// What was asked, such as `GET /collections/docs`.
    pub operation: String,
    pub kind: FailureKind,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum FailureKind {
    /// The upstream answered, and the answer is no.
    #[error("{code}: {reason}")]
    Refused { code: Code, reason: String, retry_after: Option<Duration> },
    /// Whether it was done all the same is not known.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("the answer cannot be used: {0}")]
    Unreadable(String),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Nothing was sent.
    #[error("cannot be asked: {0}")]
    Unusable(String),
    /// Nothing was sent, or what was sent changed nothing.
    #[error("{0}")]
    Precondition(String),
}

/// What an upstream answered, in the words of the protocol it was asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Http(StatusCode),
    Grpc(tonic::Code),
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => write!(f, "{}", status.as_u16()),
            Self::Grpc(code) => write!(f, "{code:?}"),
        }
    }
}

impl Code {
    fn is_transient(self) -> bool {
        match self {
            Self::Http(status) => matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
            Self::Grpc(code) => {
                use tonic::Code::{Aborted, Cancelled, DeadlineExceeded, Internal, ResourceExhausted, Unavailable, Unknown};
                matches!(code, Aborted | Cancelled | DeadlineExceeded | Internal | ResourceExhausted | Unavailable | Unknown)
            }
        }
    }
}

impl Failure {
    pub(super) fn new(upstream: &str, operation: impl Into<String>, kind: FailureKind) -> Self {
        Self { upstream: upstream.to_owned(), operation: operation.into(), kind }
    }

    /// Worth another try later. Only for requests that may be repeated.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match &self.kind {
            FailureKind::Timeout(_) | FailureKind::Unreachable(_) => true,
            FailureKind::Refused { code, .. } => code.is_transient(),
            FailureKind::Unreadable(_) | FailureKind::TooLarge(_) | FailureKind::Unusable(_) | FailureKind::Precondition(_) => false,
        }
    }

    /// What was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.has(StatusCode::NOT_FOUND, tonic::Code::NotFound)
    }

    /// What was to be made is there already.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.has(StatusCode::CONFLICT, tonic::Code::AlreadyExists)
    }

    /// Whether the request may have been carried out although no answer says so. Server errors are among them: Qdrant
    /// answers 500 when it tires of waiting for a consensus that may still be reached.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        self.is_transient() && !self.has(StatusCode::TOO_MANY_REQUESTS, tonic::Code::ResourceExhausted)
    }

    /// How long the upstream asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            FailureKind::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    fn has(&self, status: StatusCode, grpc: tonic::Code) -> bool {
        matches!(&self.kind, FailureKind::Refused { code, .. } if *code == Code::Http(status) || *code == Code::Grpc(grpc))
    }
}

/// An error with what it stems from, since transports keep what really happened in their sources.
pub(crate) fn whole(error: &dyn Error) -> String {
    with_sources(error.to_string(), error)
}

/// The same, beginning with other words than the error's own.
pub(super) fn with_sources(mut text: String, error: &dyn Error) -> String {
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
