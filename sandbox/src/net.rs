//! Accepting connections that can be cut on demand, for REST and gRPC alike.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

use crate::faults::Faults;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const RESET: u8 = 2;

/// Cuts one connection from outside; a request finds it among its extensions.
#[derive(Clone, Debug, Default)]
pub struct Scissors(Arc<Cut>);

#[derive(Debug, Default)]
struct Cut {
    state: AtomicU8,
    reader: AtomicWaker,
    writer: AtomicWaker,
    done: CancellationToken,
}

impl Scissors {
    /// Ends the connection in good order, without an answer.
    pub fn close(&self) {
        self.cut(CLOSED);
    }

    /// Ends the connection with a reset.
    pub fn reset(&self) {
        self.cut(RESET);
    }

    fn cut(&self, how: u8) {
        self.0.state.store(how, Ordering::Release);
        self.0.reader.wake();
        self.0.writer.wake();
        self.0.done.cancel();
    }

    /// Waits for the cut. A server that reads no further, because nobody wants the body, would not notice otherwise.
    pub async fn cut_through(&self) {
        self.0.done.cancelled().await;
    }

    fn is_cut(&self) -> bool {
        self.0.state.load(Ordering::Acquire) != OPEN
    }
}

/// A TCP stream with scissors.
#[derive(Debug)]
pub struct CuttableStream {
    stream: TcpStream,
    scissors: Scissors,
}

impl CuttableStream {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, scissors: Scissors::default() })
    }

    /// A handle that cuts this stream.
    pub fn scissors(&self) -> Scissors {
        self.scissors.clone()
    }
}

impl Drop for CuttableStream {
    fn drop(&mut self) {
        if self.scissors.0.state.load(Ordering::Acquire) == RESET
            && let Err(why) = SockRef::from(&self.stream).set_linger(Some(std::time::Duration::ZERO))
        {
            tracing::debug!(%why, "a connection was closed instead of reset");
        }
    }
}

impl Connected for CuttableStream {
    type ConnectInfo = Scissors;

    fn connect_info(&self) -> Scissors {
        self.scissors()
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault")
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.scissors.0.reader.register(context.waker());
        if self.scissors.is_cut() {
            return Poll::Ready(Err(cut()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.scissors.0.writer.register(context.waker());
        if self.scissors.is_cut() {
            return Poll::Ready(Err(cut()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.scissors.0.writer.register(context.waker());
        if self.scissors.is_cut() {
            return Poll::Ready(Err(cut()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The next connection; those that come while everything is to be reset are, and do not show.
pub async fn accept(listener: &TcpListener, faults: &Faults) -> io::Result<CuttableStream> {
    loop {
        let (stream, _) = listener.accept().await?;
        let stream = CuttableStream::new(stream)?;
        if !faults.resets_connections() {
            return Ok(stream);
        }
        stream.scissors.reset();
    }
}
