//! The socket of an HTTP/2 connection, with as few system calls as its traffic allows.
//!
//! HTTP/2 libraries write frame by frame: the head, the message and the trailers of one answer are two or three writes, and
//! those of four answers that are ready together are four times as many. Every write on TCP costs more than all user-space
//! work for one request. So this type gathers what a connection writes during one poll of its task and sends it when the
//! poll is over ([`Turns`]). It also reads all arrived bytes at once, not in the pieces that a frame reader asks for.
//! Copying a few kilobytes is a hundred times cheaper than the calls it saves.
//!
//! Memory is bounded: past [`GATHER`] bytes writes wait for the socket, and an idle connection holds no buffer.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio_util::io::{poll_read_buf, poll_write_buf};

use super::Io;

/// How much is gathered before the socket must accept some of it.
const GATHER: usize = 128 * 1024;
/// A buffer's initial size. Small enough for the allocator to provide without a lock.
const BUFFER: usize = 16 * 1024;

#[derive(Debug)]
struct Socket {
    io: Io,
    arrived: Bytes,
    leaving: BytesMut,
    /// The TLS stream has accepted bytes that it may still hold: TLS encrypts more than the socket accepts.
    unflushed: bool,
    /// A write error. The connection gets it after it has read what arrived before.
    broken: Option<io::Error>,
    heard: Rc<Heard>,
}

/// What has arrived from the peer.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    reads: Cell<u64>,
    first: Notify,
}

impl Heard {
    /// How many reads have returned bytes.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// Ready as soon as any byte has arrived.
    pub(crate) async fn first(&self) {
        if self.reads.get() == 0 {
            self.first.notified().await;
        }
    }

    fn count(&self) {
        if self.reads.replace(self.reads.get() + 1) == 0 {
            self.first.notify_one();
        }
    }
}

/// What the HTTP/2 library reads and writes.
#[derive(Debug)]
pub(crate) struct Gathered(Rc<RefCell<Socket>>);

/// The end that knows when a poll of the connection's task is over.
pub(crate) struct Turns(Rc<RefCell<Socket>>);

/// Both ends of one socket.
pub(crate) fn gathered(io: Io) -> (Gathered, Turns) {
    let socket = Rc::new(RefCell::new(Socket {
        io,
        arrived: Bytes::new(),
        leaving: BytesMut::new(),
        unflushed: false,
        broken: None,
        heard: Rc::default(),
    }));
    (Gathered(Rc::clone(&socket)), Turns(socket))
}

impl Turns {
    pub(crate) fn heard(&self) -> Rc<Heard> {
        Rc::clone(&self.0.borrow().heard)
    }

    /// Sends what the connection wrote since the last call. The connection's task calls it after each poll.
    pub(crate) fn over(&self, cx: &mut Context<'_>) {
        let mut socket = self.0.borrow_mut();
        if let Poll::Ready(Err(error)) = socket.poll_send(cx) {
            socket.break_off(error, cx);
        }
    }

    /// Drives `connection` to its end, and flushes after each poll.
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
    /// Stops sending. The connection gets the error with its next read, after the bytes that have already arrived.
    fn break_off(&mut self, error: io::Error, cx: &Context<'_>) {
        self.leaving = BytesMut::new();
        self.broken = Some(error);
        cx.waker().wake_by_ref();
    }

    /// Sends all gathered bytes.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.leaving.is_empty() {
            if ready!(poll_write_buf(Pin::new(&mut self.io), cx, &mut self.leaving))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
        }
        self.leaving = BytesMut::new();
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Gathered {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.0.borrow_mut();
        let read = socket.poll_receive(cx, buf);
        // The peer may have said why before it stopped reading: over HTTP/2, which requests it has not processed.
        match socket.broken.take_if(|_| read.is_pending()) {
            Some(error) => Poll::Ready(Err(error)),
            None => read,
        }
    }
}

impl Socket {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.arrived.is_empty() {
            if buf.remaining() >= BUFFER {
                let before = buf.filled().len();
                ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
                if buf.filled().len() > before {
                    self.heard.count();
                }
                return Poll::Ready(Ok(()));
            }
            let mut fresh = BytesMut::with_capacity(BUFFER);
            if ready!(poll_read_buf(Pin::new(&mut self.io), cx, &mut fresh))? > 0 {
                self.heard.count();
            }
            self.arrived = fresh.freeze();
        }
        let take = self.arrived.len().min(buf.remaining());
        buf.put_slice(&self.arrived[..take]);
        self.arrived.advance(take);
        if self.arrived.is_empty() {
            self.arrived = Bytes::new();
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
        if socket.leaving.len() >= GATHER
            && let Err(error) = ready!(socket.poll_send(cx))
        {
            socket.break_off(error, cx);
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

    /// Does nothing: the end of the poll flushes.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.0.borrow_mut();
        ready!(socket.poll_send(cx))?;
        Pin::new(&mut socket.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rustls_pki_types::{PrivateKeyDer, ServerName};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};
    use tokio_rustls::{TlsAcceptor, TlsConnector, server};

    use super::*;

    /// Both ends of a TLS connection; the first one writes into a small socket.
    async fn over_tls() -> (Io, server::TlsStream<TcpStream>) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("an address makes a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a certificate");
        let client = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let server = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(4096).expect("it may be small");
        let (stream, accepted) = tokio::join!(socket.connect(listener.local_addr().expect("bound")), listener.accept());
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let client = TlsConnector::from(Arc::new(client)).connect(name, stream.expect("connected"));
        let server = TlsAcceptor::from(Arc::new(server.expect("a pair"))).accept(accepted.expect("accepted").0);
        let (client, server) = tokio::join!(client, server);
        (client.expect("trusted").into(), server.expect("greeted"))
    }

    /// TLS accepts more than its socket does, and releases it only when it is flushed.
    #[tokio::test]
    async fn all_that_was_written_over_tls_arrives_though_nothing_follows_it() {
        const BYTES: usize = 4 * 1024 * 1024;
        let (io, mut peer) = over_tls().await;
        let (mut gathered, turns) = gathered(io);
        let connection = async move {
            gathered.write_all(&vec![7; BYTES]).await.expect("taken");
            std::future::pending::<()>().await;
        };
        let mut read = vec![0; BYTES];
        tokio::select! {
            () = turns.drive(connection) => unreachable!("it waits for ever"),
            arrived = tokio::time::timeout(Duration::from_secs(60), peer.read_exact(&mut read)) => {
                arrived.expect("nothing is left behind").expect("the connection stays");
            }
        }
        assert!(read.iter().all(|byte| *byte == 7));
    }

    #[tokio::test]
    async fn what_came_before_a_write_failed_is_read_first() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let (stream, accepted) = tokio::join!(TcpStream::connect(listener.local_addr().expect("bound")), listener.accept());
        let (stream, (mut peer, _)) = (stream.expect("connected"), accepted.expect("accepted"));
        peer.write_all(b"farewell").await.expect("taken");
        let mut seen = [0; 8];
        while stream.peek(&mut seen).await.expect("it comes") < seen.len() {}
        peer.set_zero_linger().expect("a TCP socket");
        drop(peer);
        let (mut gathered, turns) = gathered(stream.into());
        poll_fn(|cx| {
            let written = Pin::new(&mut gathered).poll_write(cx, b"too late");
            assert!(matches!(written, Poll::Ready(Ok(_))));
            turns.over(cx);
            if turns.0.borrow().broken.is_some() {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let mut read = Vec::new();
        // After it comes the failure, or the end.
        let _ = gathered.read_to_end(&mut read).await;
        assert_eq!(read, b"farewell");
    }
}
