//! Why a gRPC call has no answer.

use crate::proxy::body::BodyFault;

/// Why a call failed before its answer began.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum CallError {
    /// Nothing of it was processed: refused by the connection, or never sent. May be sent again whatever it is.
    #[error("the call was not taken: {0}")]
    Unsent(std::io::Error),
    #[error("the call was broken off: {0}")]
    Broken(h2::Error),
    #[error("no answer began in time")]
    FirstByte,
    #[error("the client broke off its call: {0}")]
    Client(BodyFault),
}

impl CallError {
    pub(super) fn broken(error: h2::Error) -> Self {
        // REFUSED_STREAM and a GOAWAY that did not cover the stream promise that nothing was processed.
        let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM)
            || (error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR));
        if refused { Self::Unsent(std::io::Error::other(error)) } else { Self::Broken(error) }
    }

    pub(super) fn closed() -> Self {
        Self::Broken(h2::Reason::STREAM_CLOSED.into())
    }

    pub(in crate::proxy) fn is_unsent(&self) -> bool {
        matches!(self, Self::Unsent(_))
    }
}
