//! What a worker counts that belongs to no variant.

use super::cell::Cell;

/// Things that happen on a worker, each with its own counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerEvent {
    ConnectionAccepted,
    ConnectionClosed,
    RequestShed,
    RequestRejected,
    UpstreamConnected,
    UpstreamConnectFailed,
    UpstreamReused,
    Retried,
    RetryRefused,
    TableRefreshed,
    AnswerLookedAt,
    AnswerCompressed,
    AnswerTooLarge,
    AnswerUnreadable,
}

impl WorkerEvent {
    pub const ALL: [Self; 14] = [
        Self::ConnectionAccepted,
        Self::ConnectionClosed,
        Self::RequestShed,
        Self::RequestRejected,
        Self::UpstreamConnected,
        Self::UpstreamConnectFailed,
        Self::UpstreamReused,
        Self::Retried,
        Self::RetryRefused,
        Self::TableRefreshed,
        Self::AnswerLookedAt,
        Self::AnswerCompressed,
        Self::AnswerTooLarge,
        Self::AnswerUnreadable,
    ];

    /// The metric's name without its prefix, and its help text.
    #[must_use]
    pub fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::ConnectionAccepted => ("client_connections_accepted_total", "Client connections accepted."),
            Self::ConnectionClosed => ("client_connections_closed_total", "Client connections closed."),
            Self::RequestShed => ("requests_shed_total", "Requests answered 429 because limits.max_requests was reached."),
            Self::RequestRejected => {
                ("requests_rejected_total", "Requests answered by Pointsman itself because they could not be understood.")
            }
            Self::UpstreamConnected => ("upstream_connects_total", "Connections opened to upstreams."),
            Self::UpstreamConnectFailed => ("upstream_connect_failures_total", "Connections to upstreams that could not be opened."),
            Self::UpstreamReused => ("upstream_reuses_total", "Requests sent over an upstream connection that was already open."),
            Self::Retried => ("upstream_retries_total", "Requests sent again after a connection failed."),
            Self::RetryRefused => ("upstream_retries_refused_total", "Retries not made because the retry budget was used up."),
            Self::TableRefreshed => ("stale_name_refreshes_total", "Alias listings triggered by a name that turned out to be stale."),
            Self::AnswerLookedAt => ("answers_looked_at_total", "Answers of searches whose hits were counted for guards."),
            Self::AnswerCompressed => {
                ("answers_compressed_total", "Answers that were not looked at because they were compressed by another coding than gzip.")
            }
            Self::AnswerTooLarge => {
                ("answers_too_large_total", "Answers that were not looked at because they are above answers.max_bytes.")
            }
            Self::AnswerUnreadable => ("answers_unreadable_total", "Answers that were looked at and not understood."),
        }
    }
}

/// One worker's counters.
#[derive(Debug, Default)]
pub struct WorkerCells {
    events: [Cell; WorkerEvent::ALL.len()],
    in_flight: Cell,
}

impl WorkerCells {
    pub fn count(&self, event: WorkerEvent) {
        self.events[event as usize].add(1);
    }

    pub fn begin(&self) {
        self.in_flight.add(1);
    }

    pub fn end(&self) {
        self.in_flight.sub(1);
    }

    #[must_use]
    pub fn get(&self, event: WorkerEvent) -> u64 {
        self.events[event as usize].get()
    }

    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.get()
    }
}
