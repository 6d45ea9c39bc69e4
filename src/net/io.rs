//! One type for every socket of the data plane, plain or TLS, client side or upstream side.
//!
//! It forwards vectored writes: a wrapper that forgets them makes hyper copy every body into one buffer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{client, server};

use super::silence::Silence;

/// The first bytes of every HTTP/2 connection.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Debug)]
pub(crate) struct Io {
    /// Bytes read ahead to detect the protocol; the next reads return them first.
    ahead: Bytes,
    stream: Stream,
    /// The other side accepts nothing of what is written to it.
    stuck: Silence,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    ToUpstream(Box<client::TlsStream<TcpStream>>),
    FromClient(Box<server::TlsStream<TcpStream>>),
}

impl From<TcpStream> for Io {
    fn from(stream: TcpStream) -> Self {
        Self::new(Stream::Plain(stream))
    }
}

impl From<client::TlsStream<TcpStream>> for Io {
    fn from(stream: client::TlsStream<TcpStream>) -> Self {
        Self::new(Stream::ToUpstream(Box::new(stream)))
    }
}

impl From<server::TlsStream<TcpStream>> for Io {
    fn from(stream: server::TlsStream<TcpStream>) -> Self {
        Self::new(Stream::FromClient(Box::new(stream)))
    }
}

impl Io {
    fn new(stream: Stream) -> Self {
        Self { ahead: Bytes::new(), stream, stuck: Silence::new(None) }
    }

    /// Fails when the other side has accepted nothing for `idle` while there was something to write.
    pub(crate) fn patient(self, idle: Option<Duration>) -> Self {
        Self { stuck: Silence::new(idle), ..self }
    }

    /// The certificate that the upstream has presented; none without TLS.
    pub(crate) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        let Stream::ToUpstream(stream) = &self.stream else { return None };
        stream.get_ref().1.peer_certificates()?.first()
    }

    /// The outcome of an attempt to write.
    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck.broken();
            return written;
        }
        self.stuck.poll(cx).map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the other side has stopped reading")))
    }

    /// Whether the client begins an HTTP/2 connection. Reads no further than the first byte that decides.
    pub(crate) async fn speaks_http2(&mut self) -> io::Result<bool> {
        let mut seen = Vec::with_capacity(PREFACE.len());
        let http2 = loop {
            let mut buffer = [0_u8; PREFACE.len()];
            let room = PREFACE.len() - seen.len();
            let read = self.stream_mut().read(&mut buffer[..room]).await?;
            seen.extend_from_slice(&buffer[..read]);
            if !PREFACE.starts_with(&seen) || read == 0 {
                break false;
            }
            if seen.len() == PREFACE.len() {
                break true;
            }
        };
        self.ahead = seen.into();
        Ok(http2)
    }

    fn stream_mut(&mut self) -> &mut (dyn AsyncRead + Unpin) {
        match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::ToUpstream(stream) => stream.as_mut(),
            Stream::FromClient(stream) => stream.as_mut(),
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.ahead.is_empty() {
            let take = this.ahead.len().min(buf.remaining());
            buf.put_slice(&this.ahead[..take]);
            this.ahead.advance(take);
            return Poll::Ready(Ok(()));
        }
        match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::ToUpstream(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::FromClient(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::ToUpstream(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::FromClient(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        this.written(cx, written)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::ToUpstream(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::FromClient(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        this.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::ToUpstream(stream) => stream.is_write_vectored(),
            Stream::FromClient(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::ToUpstream(stream) => Pin::new(stream).poll_flush(cx),
            Stream::FromClient(stream) => Pin::new(stream).poll_flush(cx),
        };
        this.written(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::ToUpstream(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::FromClient(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
