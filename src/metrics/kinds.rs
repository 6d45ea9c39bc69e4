//! The closed sets that requests are counted by.

use crate::stats::Refusal;

/// How a request ended, the same for both protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    ClientError,
    Unauthorized,
    NotFound,
    RateLimited,
    Timeout,
    ServerError,
    Unavailable,
    /// The client went away before the last byte.
    Aborted,
}

/// How the variant of a request came about, as far as it is counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chosen {
    /// By its unit, or nothing was chosen.
    #[default]
    AsUsual,
    /// A search that has no unit.
    Anonymous,
    /// The request names the variant.
    Forced,
}

/// Why a read of an alias whose arms are interleaved was answered by one arm alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotInterleaved {
    /// It asks for scores above something, and those of two lists cannot be held to it as one.
    ScoreThreshold,
    /// It asks for a further page.
    Offset,
    Batch,
    Grouping,
    /// It asks for more hits than are merged, or for none.
    Limit,
    /// It is no plain search: of several stages, by another rule than nearness, or not a search at all.
    Query,
    /// It, or its answer, is larger than what is held.
    Size,
    /// The other arm failed, or was late.
    Partner,
    /// Its own arm failed, or answered with no list of hits.
    Answer,
}

impl NotInterleaved {
    pub const ALL: [Self; 9] = [
        Self::ScoreThreshold,
        Self::Offset,
        Self::Batch,
        Self::Grouping,
        Self::Limit,
        Self::Query,
        Self::Size,
        Self::Partner,
        Self::Answer,
    ];

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ScoreThreshold => "score_threshold",
            Self::Offset => "offset",
            Self::Batch => "batch",
            Self::Grouping => "grouping",
            Self::Limit => "limit",
            Self::Query => "query",
            Self::Size => "size",
            Self::Partner => "partner",
            Self::Answer => "answer",
        }
    }
}

impl Outcome {
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::ClientError,
        Self::Unauthorized,
        Self::NotFound,
        Self::RateLimited,
        Self::Timeout,
        Self::ServerError,
        Self::Unavailable,
        Self::Aborted,
    ];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ClientError => "client_error",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Timeout => "timeout",
            Self::ServerError => "server_error",
            Self::Unavailable => "unavailable",
            Self::Aborted => "aborted",
        }
    }

    /// The upstream refused the request: the request is at fault, or the collection is not what it was made for.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::ClientError | Self::Unauthorized | Self::NotFound | Self::RateLimited)
    }

    /// How a request was refused, if it was: whosever fault that is. A failure is none, nor is a limit of rates.
    #[must_use]
    pub fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Unauthorized => Some(Refusal::Unauthorized),
            Self::NotFound => Some(Refusal::Missing),
            Self::ClientError => Some(Refusal::Other),
            _ => None,
        }
    }

    #[must_use]
    pub fn of_http(status: http::StatusCode) -> Self {
        match status.as_u16() {
            401 | 403 => Self::Unauthorized,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            429 => Self::RateLimited,
            400..=499 => Self::ClientError,
            502 | 503 => Self::Unavailable,
            500..=599 => Self::ServerError,
            _ => Self::Ok,
        }
    }

    /// By gRPC status code. Qdrant answers an expired `grpc-timeout` with CANCELLED, hence its place here.
    #[must_use]
    pub fn of_grpc(code: u16) -> Self {
        match code {
            0 => Self::Ok,
            1 | 4 => Self::Timeout,
            5 => Self::NotFound,
            7 | 16 => Self::Unauthorized,
            8 => Self::RateLimited,
            14 => Self::Unavailable,
            3 | 6 | 9..=12 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}
