//! One client connection: TLS, protocol detection, and its requests until it ends.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::client::Client;
use super::deadline::within;
use super::headers::Forwarding;
use super::service;
use super::unread::watched;
use super::worker::{Drain, Worker};
use crate::net::{Io, gather};

/// The receive window of one client, per stream and per connection: the most that a slow upstream makes Pointsman buffer.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
const FRAME: u32 = 64 * 1024;
/// How much of an answer may wait per stream when the client is slow; beyond it the upstream is slowed.
const SEND_BUFFER: usize = 128 * 1024;
/// Clients such as Python's gRPC put all their calls on one connection; Qdrant itself sets no limit.
const STREAMS: u32 = 1024;
/// Pings find dead clients: a healthy HTTP/2 connection may be silent for hours.
const PING_EVERY: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// The maximum of streams reset before they were accepted; more of them end the connection (rapid reset).
const PENDING_RESETS: usize = 64;

/// The settings for client connections. Fixed for the life of the process.
pub(super) struct Front {
    pub(super) head_timeout: Duration,
    pub(super) max_head_bytes: usize,
    pub(super) tls: Option<TlsAcceptor>,
}

pub(super) async fn serve(worker: &Rc<Worker>, front: &Arc<Front>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a client left before it was served");
        return;
    }
    let client = Rc::new(Client::new(Forwarding::new(peer.ip(), front.tls.is_some())));
    let idle = worker.live().settings.timeouts.idle;
    // Until the first bytes arrive nothing else bounds the wait.
    let opened = within(front.head_timeout, Box::pin(open(front, stream)));
    let (io, http2) = match drained(opened, worker.drain()).await {
        Some(Ok(Ok(opened))) => opened,
        Some(Ok(Err(error))) => return tracing::debug!(%error, "a connection could not be opened"),
        Some(Err(_)) => return tracing::debug!("a client said nothing in time"),
        None => return,
    };
    if http2 {
        serve_http2(worker, front, io.patient(idle), client, idle).await;
    } else {
        serve_http1(worker, front, io.patient(idle), client).await;
    }
}

/// Runs `work`; a connection that has not sent anything yet is closed when draining begins.
async fn drained<T>(work: impl Future<Output = T>, drain: &Drain) -> Option<T> {
    if drain.has_begun() {
        return None;
    }
    tokio::select! {
        done = work => Some(done),
        () = drain.begins() => None,
    }
}

async fn open(front: &Front, stream: TcpStream) -> std::io::Result<(Io, bool)> {
    let mut io = match &front.tls {
        Some(acceptor) => Io::from(acceptor.accept(stream).await?),
        None => Io::from(stream),
    };
    let http2 = io.speaks_http2().await?;
    Ok((io, http2))
}

async fn serve_http1(worker: &Rc<Worker>, front: &Front, io: Io, client: Rc<Client>) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(front.head_timeout).max_buf_size(front.max_head_bytes.max(8192)).half_close(false);
    // Boxed: hyper reserves space for the future as long as the connection lives, and most connections are idle.
    let service = service_fn(|request| Box::pin(service::serve(Rc::clone(worker), Rc::clone(&client), request)));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    let ended = until_told(connection.as_mut(), http1::Connection::graceful_shutdown, |_| (), worker.drain(), &client).await;
    log(ended);
}

async fn serve_http2(worker: &Rc<Worker>, front: &Front, io: Io, client: Rc<Client>, idle: Option<Duration>) {
    let mut builder = http2::Builder::new(LocalTasks { idle });
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .max_send_buf_size(SEND_BUFFER)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(front.max_head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    // Boxed: hyper moves a stream's future several times before it runs, and this one has four kilobytes.
    let service = service_fn(|request| Box::pin(service::serve(Rc::clone(worker), Rc::clone(&client), request)));
    let (gathered, turns) = gather::gathered(io);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(gathered), service));
    let over = |cx: &mut Context<'_>| turns.over(cx);
    let ended = until_told(connection.as_mut(), http2::Connection::graceful_shutdown, over, worker.drain(), &client).await;
    log(ended);
}

/// Drives a connection to its end; tells it once to finish, when draining begins or when its client floods it. `turn_over`
/// is called after every poll.
async fn until_told<C: Future>(
    mut connection: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    turn_over: impl Fn(&mut Context<'_>),
    drain: &Drain,
    client: &Client,
) -> C::Output {
    let mut ends = pin!(async {
        tokio::select! {
            () = drain.begins() => {}
            () = client.floods() => {}
        }
    });
    let mut waiting = false;
    let mut told = false;
    std::future::poll_fn(move |cx| {
        // Registered once: this task's waker stays the same, and polling it again would cost every wake-up a lock.
        if !waiting {
            waiting = true;
            if ends.as_mut().poll(cx).is_ready() {
                tracing::trace!("the connection is to end while it opens");
            }
        }
        if !told && (drain.has_begun() || client.is_flooding()) {
            told = true;
            finish(connection.as_mut());
        }
        let polled = connection.as_mut().poll(cx);
        turn_over(cx);
        polled
    })
    .await
}

fn log(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a client connection ended with an error");
    }
}

/// Runs hyper's HTTP/2 streams on the worker's own thread: their futures need not be `Send`. Each ends when its client has
/// not read its answer for `idle`.
#[derive(Clone, Copy)]
struct LocalTasks {
    idle: Option<Duration>,
}

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalTasks {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(watched(self.idle, future));
    }
}
