//! One connection to an upstream's REST port.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};

use super::head::BadHead;
use crate::net::Io;
use crate::proxy::body::BodyFault;
use crate::upstream::ConnectError;

/// Enough for Qdrant's usual answer in one read.
const READ_ROOM: usize = 16 * 1024;
/// A head larger than this is refused.
pub(super) const MAX_HEAD: usize = 128 * 1024;

#[derive(Debug)]
pub(in crate::proxy) struct Connection {
    pub(super) io: Io,
    /// Read from the network, not yet consumed.
    pub(super) buffer: BytesMut,
    pub(super) idle_since: Instant,
    /// Whether an exchange has been completed over it: a failure may then just mean that it was closed while idle.
    pub(super) reused: bool,
}

/// Why an exchange failed, and what that allows.
#[derive(Debug)]
pub(in crate::proxy) struct ExchangeError {
    /// No byte of the request left this process: it may be sent again whatever it is.
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
    /// Whether there is no answer to be expected after it. An upstream that stops reading a request may have answered it; one
    /// that has taken nothing for too long has not.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Broken(error) => error.kind() == io::ErrorKind::TimedOut,
            Self::Client(_) => true,
            Self::Connect(_) | Self::Malformed(_) | Self::FirstByte => false,
        }
    }
}

impl Connection {
    pub(in crate::proxy) fn new(io: Io) -> Self {
        Self { io, buffer: BytesMut::with_capacity(READ_ROOM), idle_since: Instant::now(), reused: false }
    }

    /// Whether the upstream closed it, or said something nobody asked for. Costs no system call unless something came.
    pub(super) fn is_stale(&mut self) -> bool {
        let mut probe = [0_u8; 1];
        let mut cx = Context::from_waker(Waker::noop());
        !self.buffer.is_empty() || Pin::new(&mut self.io).poll_read(&mut cx, &mut ReadBuf::new(&mut probe)).is_ready()
    }

    /// Reads what there is; zero at the end of the connection.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buffer.capacity() - self.buffer.len() < READ_ROOM / 4 {
            self.buffer.reserve(READ_ROOM);
        }
        tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut self.buffer)
    }
}
