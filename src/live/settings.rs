//! The configuration as the data path wants it: parsed, resolved, cheap to read. Built by `control` from the config.

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
    /// The header by which a request may name its variant; none: nobody may.
    pub force_header: Option<HeaderName>,
    pub holdout: Holdout,
}

/// `None` everywhere means: no limit.
#[derive(Clone, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    /// How long an upstream may refuse connections before requests stop waiting for it.
    pub reconnect: Duration,
    /// From the moment the request went out to the head of the answer; reads only.
    pub first_byte: Option<Duration>,
    /// From the request's head to the last byte of its answer.
    pub total: Option<Duration>,
    /// How long nothing may move inside of a body, in either direction.
    pub idle: Option<Duration>,
    /// How long an unused REST connection to an upstream is kept. Below Qdrant's 5 s, or requests meet closed ones.
    pub idle_rest: Duration,
}

#[derive(Clone, Debug)]
pub struct Retry {
    /// Retries allowed per request seen.
    pub budget_ratio: f64,
    /// Retries per second allowed besides.
    pub min_per_second: f64,
}

#[derive(Clone, Debug)]
pub struct Fallback {
    pub enabled: bool,
    /// How much of a read's body is kept to send it again.
    pub replay_bytes: usize,
}

/// How much of the answers is looked at where a guard asks for it.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The share of them, 0..=1.
    pub sample: f64,
    /// Larger ones are not looked at.
    pub max_bytes: usize,
}

/// What comparing with shadows may cost.
#[derive(Clone, Debug)]
pub struct Shadowing {
    /// Questions asked of shadows at a time.
    pub concurrency: usize,
    /// Larger questions and answers are not compared.
    pub max_bytes: usize,
    /// For one answer of a shadow; what has waited for longer is not asked any more.
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Limits {
    /// Concurrent requests in this process; the next one is answered 429.
    pub max_requests: usize,
    pub retry_after: Duration,
    /// How much of a gRPC message is held back to find the collection name.
    pub grpc_inspect_bytes: usize,
    /// How large a compressed gRPC message may become when its name has to be changed.
    pub grpc_inflate_bytes: usize,
    /// What may be held of all requests together.
    pub held_bytes: usize,
}
