//! Why a gRPC call has no answer.

use std::time::Duration;

use crate::proxy::body::BodyFault;
use crate::upstream::Lost;
use crate::upstream::h2::Lease;

/// Why a call failed before its answer began.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum CallError {
    /// Nothing of it was processed: refused by the connection, or never sent. Any request may be sent again. `first`: no
    /// other call came before it on that connection.
    #[error("the call was not taken: {error}")]
    Unsent { error: h2::Error, first: bool },
    #[error("the call was broken off: {0}")]
    Broken(h2::Error),
    #[error("the upstream has taken nothing of the call for {0:?}")]
    Stuck(Duration),
    #[error("no answer began in time")]
    FirstByte,
    #[error("the client broke off its call: {0}")]
    Client(BodyFault),
}

impl CallError {
    /// Applies a failure to its connection. REFUSED_STREAM and a GOAWAY that did not cover the stream guarantee that nothing
    /// was processed, for any reason in the GOAWAY.
    pub(super) fn on(self, lease: &Lease) -> Self {
        match self {
            Self::Broken(error) if error.is_remote() && error.is_go_away() => {
                lease.discard();
                Self::Unsent { error, first: lease.is_first() }
            }
            // The connection stays open, so this is not its normal end: the few resends for fresh connections bound it.
            Self::Broken(error) if error.reason() == Some(h2::Reason::REFUSED_STREAM) => Self::Unsent { error, first: true },
            other => other,
        }
    }

    pub(super) fn closed() -> Self {
        Self::Broken(h2::Reason::STREAM_CLOSED.into())
    }

    /// The state of the call, if its connection failed.
    pub(in crate::proxy) fn lost(&self) -> Option<Lost> {
        match self {
            Self::Unsent { first, .. } => Some(Lost::Unsent { first: *first }),
            Self::Broken(_) => Some(Lost::Sent),
            Self::Stuck(_) | Self::FirstByte | Self::Client(_) => None,
        }
    }
}
