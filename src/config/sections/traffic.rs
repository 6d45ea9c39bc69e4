//! `timeouts`, `retry`, `fallback`, `limits`: what happens to a request that meets trouble; `answers`: how closely what comes
//! back is looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Period, Size};

/// How long a step of a request may take. Zero is "no limit" where it is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct TimeoutsConfig {
    /// To open a connection to an upstream; default `2s`. When it passes, a read may go to `stable`.
    pub connect: Period,
    /// How long requests wait for an upstream to which no connection can be opened, from the first failure on, if they can
    /// go nowhere else; default `5s`. Nothing of them has been sent. `0s`: they fail at once.
    pub reconnect: Period,
    /// From the request to the head of its answer, for reads; default `0s`: none, since Qdrant has its own limit of 60 s.
    pub first_byte: Period,
    /// From the head of the request to the last byte of the answer; default `0s`: none. It ends slow uploads too.
    pub total: Period,
    /// How long nothing may move inside of a body: a client that sends or reads nothing of it, an upstream that takes or sends
    /// nothing of it; default `60s`. The request ends then, and counts against the side that stalled.
    pub idle: Period,
    /// How long an unused REST connection to an upstream is kept; default `4s`. Below Qdrant's own 5 s, or requests
    /// meet connections that Qdrant is just closing.
    pub idle_rest: Period,
}

impl Default for TimeoutsConfig {
    fn default() -> Self {
        let second = Period::from_secs;
        Self { connect: second(2), reconnect: second(5), first_byte: second(0), total: second(0), idle: second(60), idle_rest: second(4) }
    }
}

/// How many requests may be sent a second time. Unsent requests and reads only; writes never.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct RetryConfig {
    /// Retries for each request seen, 0 to 1; default 0.2. It keeps a failing upstream from getting twice the load.
    #[schemars(range(min = 0, max = 1))]
    pub budget_ratio: f64,
    /// Further retries per second, so that quiet services may retry at all; default 10.
    pub min_per_second: f64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { budget_ratio: 0.2, min_per_second: 10.0 }
    }
}

/// Reads that `stable` answers because the chosen variant could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct FallbackConfig {
    /// Default `true`. Off, users see the errors of a variant under test.
    pub enabled: bool,
    /// How much of a read's body is kept so that it can be sent again; default `256KiB`. Larger reads get no fallback.
    pub replay_bytes: Size,
}

impl Default for FallbackConfig {
    fn default() -> Self {
        Self { enabled: true, replay_bytes: Size::from_kib(256) }
    }
}

/// How much is looked at of the answers of an alias whose guards ask what is in them; others never are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct AnswersConfig {
    /// The share of those answers, 0 to 1; default 0.1. At 0 no such guard can be set.
    #[schemars(range(min = 0, max = 1))]
    pub sample: f64,
    /// Larger answers are counted and not looked at; default `256KiB`.
    pub max_bytes: Size,
}

impl Default for AnswersConfig {
    fn default() -> Self {
        Self { sample: 0.1, max_bytes: Size::from_kib(256) }
    }
}

/// What Pointsman holds at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Requests under way at a time; default 10000. The next one is answered 429 or RESOURCE_EXHAUSTED.
    pub max_requests: usize,
    /// When a refused client is asked to come back; default `1s`. Sent as whole seconds, rounded up.
    pub retry_after: Period,
    /// How much of a gRPC message is held back to find the collection name in it; default `64KiB`. A message that does
    /// not show its name by then is forwarded to stable, unchanged.
    pub grpc_inspect_bytes: Size,
    /// How large a compressed gRPC message may become when its name has to be changed; default `4MiB`. Larger ones are
    /// refused: they could be made to fill the memory.
    pub grpc_inflate_bytes: Size,
    /// What is kept and inflated of all requests together; default `256MiB`. Beyond it reads are not kept for a second sending,
    /// compressed messages are not renamed, and what has to be read before it can go on is answered 429 or RESOURCE_EXHAUSTED.
    pub held_bytes: Size,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            max_requests: 10_000,
            retry_after: Period::from_secs(1),
            grpc_inspect_bytes: Size::from_kib(64),
            grpc_inflate_bytes: Size::from_mib(4),
            held_bytes: Size::from_mib(256),
        }
    }
}
