//! The configuration in the form that the data path needs: parsed, resolved, cheap to read. Built by `control`.

use std::time::Duration;

use http::HeaderName;

use crate::routing::{Carrier, Holdout};

#[derive(Clone, Debug)]
pub struct Settings {
    pub identity: Identity,
    pub timeouts: Timeouts,
    pub retry: Retry,
    pub fallback: Fallback,
    pub limits: Limits,
    pub answers: Answers,
    pub shadow: Shadowing,
    /// The share of requests that are logged, 0..=1.
    pub access_sample: f64,
}

#[derive(Clone, Debug)]
pub struct Identity {
    pub carriers: Vec<Carrier>,
    /// The header with which a request may name its variant; without it no request may.
    pub force_header: Option<HeaderName>,
    pub holdout: Holdout,
}

/// `None` means no limit.
#[derive(Clone, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    /// How long an upstream may refuse connections before requests stop waiting for it.
    pub reconnect: Duration,
    /// From the moment the request went out to the head of the answer; reads only.
    pub first_byte: Option<Duration>,
    /// From the request's head to the last byte of its answer.
    pub total: Option<Duration>,
    /// How long a body may stall, in either direction.
    pub idle: Option<Duration>,
    /// How long an unused REST connection to an upstream is kept. Below Qdrant's 5 s, or requests would meet closed
    /// connections.
    pub idle_rest: Duration,
}

#[derive(Clone, Debug)]
pub struct Retry {
    /// Retries allowed per request seen.
    pub budget_ratio: f64,
    /// Additional retries allowed per second.
    pub min_per_second: f64,
}

#[derive(Clone, Debug)]
pub struct Fallback {
    pub enabled: bool,
    /// How much of a read's body is kept so that it can be sent again.
    pub replay_bytes: usize,
}

/// Which answers are inspected where a guard needs it.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The share of answers, 0..=1.
    pub sample: f64,
    /// Larger answers are not inspected.
    pub max_bytes: usize,
}

/// Limits of shadow comparisons.
#[derive(Clone, Debug)]
pub struct Shadowing {
    /// Concurrent queries to shadows.
    pub concurrency: usize,
    /// Larger queries and answers are not compared.
    pub max_bytes: usize,
    /// The time limit for one answer of a shadow; a query that has waited longer is dropped.
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Limits {
    /// Concurrent requests in this process; the next one is answered 429.
    pub max_requests: usize,
    pub retry_after: Duration,
    /// How much of a gRPC message is buffered to find the collection name.
    pub grpc_inspect_bytes: usize,
    /// The maximum decompressed size of a gRPC message whose name must be replaced.
    pub grpc_inflate_bytes: usize,
    /// The memory for kept bodies and decompressed messages of all requests together.
    pub held_bytes: usize,
}
