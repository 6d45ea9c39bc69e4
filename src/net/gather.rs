//! The socket of an HTTP/2 connection, read and written in as few system calls as its traffic allows.
//!
//! HTTP/2 libraries write frame by frame: the head, the message and the trailers of one answer are two or three writes,
//! and those of four answers that are ready together are four times as many. Every write on TCP costs more than all
//! that is done with one request in user space. So what a connection writes during one turn of its task is gathered here
//! and goes out when the turn is over ([`Turns`]); and what has arrived is read at once, not in the pieces that a frame
//! reader asks for. Copying a few kilobytes is a hundred times cheaper than the calls it saves.
//!
//! Memory stays bounded: past [`GATHER`] bytes writes wait for the socket, and an idle connection holds no buffer.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use super::Io;

/// How much is gathered before the socket has to take some of it.
const GATHER: usize = 128 * 1024;
/// A buffer's first size. Small enough for the allocator to hand out without a lock.
const BUFFER: usize = 16 * 1024;

#[derive(Debug)]
struct Socket {
    io: Io,
    arrived: Bytes,
    leaving: BytesMut,
    /// Met at the end of a turn, for the connection to hear of at its next read.
    broken: Option<io::Error>,
}

/// What the HTTP/2 library reads and writes.
#[derive(Debug)]
pub(crate) struct Gathered(Rc<RefCell<Socket>>);

/// The end that knows when a turn is over.
pub(crate) struct Turns(Rc<RefCell<Socket>>);

/// Both ends of one socket.
pub(crate) fn gathered(io: Io) -> (Gathered, Turns) {
    let socket = Rc::new(RefCell::new(Socket { io, arrived: Bytes::new(), leaving: BytesMut::new(), broken: None }));
    (Gathered(Rc::clone(&socket)), Turns(socket))
}

impl Turns {
    /// Lets go what the connection wrote since the last turn. To be called by the connection's task after each poll.
    pub(crate) fn over(&self, cx: &mut Context<'_>) {
        let mut socket = self.0.borrow_mut();
        if let Poll::Ready(Err(error)) = socket.poll_send(cx) {
            socket.broken = Some(error);
            cx.waker().wake_by_ref();
        }
    }

    /// Drives `connection` to its end, turn by turn.
    pub(crate) async fn drive<C: Future>(self, connection: C) -> C::Output {
        let mut connection = pin!(connection);
        poll_fn(|cx| {
            let polled = connection.as_mut().poll(cx);
            self.over(cx);
            polled
        })
        .await
    }
}

impl Socket {
    /// Sends all that was gathered.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.leaving.is_empty() {
            if ready!(poll_write_buf(Pin::new(&mut self.io), cx, &mut self.leaving))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        self.leaving = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Gathered {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.0.borrow_mut();
        if let Some(error) = socket.broken.take() {
            return Poll::Ready(Err(error));
        }
        if socket.arrived.is_empty() {
            if buf.remaining() >= BUFFER {
                return Pin::new(&mut socket.io).poll_read(cx, buf);
            }
            let mut fresh = BytesMut::with_capacity(BUFFER);
            ready!(poll_read_buf(Pin::new(&mut socket.io), cx, &mut fresh))?;
            socket.arrived = fresh.freeze();
        }
        let take = socket.arrived.len().min(buf.remaining());
        buf.put_slice(&socket.arrived[..take]);
        socket.arrived.advance(take);
        if socket.arrived.is_empty() {
            socket.arrived = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gathered {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut socket = self.0.borrow_mut();
        if socket.leaving.len() >= GATHER {
            ready!(socket.poll_send(cx))?;
        }
        if socket.leaving.capacity() == 0 {
            socket.leaving.reserve(BUFFER);
        }
        let before = socket.leaving.len();
        for buf in bufs {
            let take = buf.len().min(GATHER);
            socket.leaving.extend_from_slice(&buf[..take]);
            if take < buf.len() {
                break;
            }
        }
        Poll::Ready(Ok(socket.leaving.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Nothing yet: the end of the turn flushes.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.0.borrow_mut();
        ready!(socket.poll_send(cx))?;
        Pin::new(&mut socket.io).poll_shutdown(cx)
    }
}
