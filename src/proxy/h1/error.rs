//! Why an exchange failed, and whether it may be repeated.

use std::io;

use super::head::BadHead;
use crate::proxy::body::BodyFault;
use crate::upstream::ConnectError;

#[derive(Debug)]
pub(in crate::proxy) struct ExchangeError {
    /// No byte of the request was sent: any request may be sent again.
    pub(in crate::proxy) unsent: bool,
    pub(in crate::proxy) cause: Cause,
}

#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum Cause {
    #[error("could not connect: {0}")]
    Connect(ConnectError),
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    #[error(transparent)]
    Malformed(BadHead),
    #[error("no answer began in time")]
    FirstByte,
    #[error("the client broke off its request: {0}")]
    Client(BodyFault),
}

impl Cause {
    /// Whether no answer can follow. An upstream that stops reading a request may have answered it; one that has accepted
    /// nothing for too long has not.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Broken(error) => error.kind() == io::ErrorKind::TimedOut,
            Self::Client(_) => true,
            Self::Connect(_) | Self::Malformed(_) | Self::FirstByte => false,
        }
    }
}
