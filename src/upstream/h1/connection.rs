//! One connection to an upstream's REST port.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};

use crate::net::Io;

/// Enough for Qdrant's usual answer in one read.
const READ_ROOM: usize = 16 * 1024;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) io: Io,
    /// Bytes read from the network and not yet consumed.
    pub(crate) buffer: BytesMut,
    pub(super) idle_since: Instant,
    pub(super) reused: bool,
}

impl Connection {
    pub(crate) fn new(io: Io) -> Self {
        Self { io, buffer: BytesMut::with_capacity(READ_ROOM), idle_since: Instant::now(), reused: false }
    }

    /// Whether it has waited in the pool: a failure may then only mean that the upstream closed it while it was idle.
    pub(crate) fn was_reused(&self) -> bool {
        self.reused
    }

    /// Whether the upstream closed it, or sent unexpected bytes. Costs no system call unless something arrived.
    pub(super) fn is_stale(&mut self) -> bool {
        let mut probe = [0_u8; 1];
        let mut cx = Context::from_waker(Waker::noop());
        !self.buffer.is_empty() || Pin::new(&mut self.io).poll_read(&mut cx, &mut ReadBuf::new(&mut probe)).is_ready()
    }

    /// Reads the available bytes; zero at the end of the connection.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buffer.capacity() - self.buffer.len() < READ_ROOM / 4 {
            self.buffer.reserve(READ_ROOM);
        }
        tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut self.buffer)
    }
}
