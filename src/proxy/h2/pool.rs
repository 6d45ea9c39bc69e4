//! One worker's connections to one upstream's gRPC port.
//!
//! Up to `grpc_connections` of them; each call takes the one with the fewest calls on it, so that calls are balanced
//! whatever the clients' own connections look like. A new connection is opened when all are busy, in the background
//! unless there is none at all.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::sync::Mutex;

use crate::metrics::{WorkerCells, WorkerEvent};
use crate::net::gather;
use crate::upstream::{ConnectError, Upstream, dial};

/// What one call may have in flight towards us. With the connection's window this bounds what a slow client can make
/// us hold: the upstream stops sending when it is full.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// Large enough that sixteen slow readers do not stop the others.
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// Large frames: fewer of them for a 4 KB vector times hundreds of points.
const FRAME: u32 = 256 * 1024;
/// What may wait in our buffers per stream on its way to the upstream.
const SEND_BUFFER: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(in crate::proxy) struct Pool {
    lines: RefCell<Vec<Rc<Line>>>,
    /// Held while the first connection is opened, so that a burst of calls opens one.
    opening: Mutex<()>,
    /// Whether another one is being opened in the background.
    growing: Cell<bool>,
}

#[derive(Debug)]
struct Line {
    sender: SendRequest<Bytes>,
    busy: Cell<usize>,
    open: Cell<bool>,
}

/// A connection taken for one call; gives its place back on drop.
#[derive(Debug)]
pub(in crate::proxy) struct Lease(Rc<Line>);

impl Lease {
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.0.sender.clone()
    }

    /// This connection refused a call or broke: nobody else is to take it.
    pub(super) fn discard(&self) {
        self.0.open.set(false);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get() - 1);
    }
}

impl Pool {
    /// The least busy connection, opening one when there is none.
    pub(in crate::proxy) async fn lease(
        self: &Rc<Self>,
        upstream: &Arc<Upstream>,
        timeout: Duration,
        idle: Option<Duration>,
        cells: &Arc<WorkerCells>,
    ) -> Result<Lease, ConnectError> {
        if let Some(lease) = self.least_busy() {
            self.grow(&lease, upstream, timeout, idle, cells);
            cells.count(WorkerEvent::UpstreamReused);
            return Ok(lease);
        }
        let _opening = self.opening.lock().await;
        if let Some(lease) = self.least_busy() {
            return Ok(lease);
        }
        let line = open(upstream, timeout, idle, cells).await?;
        self.lines.borrow_mut().push(Rc::clone(&line));
        Ok(take(&line))
    }

    fn least_busy(&self) -> Option<Lease> {
        let mut lines = self.lines.borrow_mut();
        lines.retain(|line| line.open.get());
        lines.iter().min_by_key(|line| line.busy.get()).map(take)
    }

    /// Opens one more when even the least busy connection has other calls on it.
    fn grow(self: &Rc<Self>, lease: &Lease, upstream: &Arc<Upstream>, timeout: Duration, idle: Option<Duration>, cells: &Arc<WorkerCells>) {
        let room = self.lines.borrow().len() < upstream.grpc_connections;
        if lease.0.busy.get() <= 1 || !room || self.growing.replace(true) {
            return;
        }
        let (pool, upstream, cells) = (Rc::clone(self), Arc::clone(upstream), Arc::clone(cells));
        tokio::task::spawn_local(async move {
            // A failure is counted by `open` and shows when a call has no connection left; this one was a bonus.
            if let Ok(line) = open(&upstream, timeout, idle, &cells).await {
                pool.lines.borrow_mut().push(line);
            }
            pool.growing.set(false);
        });
    }
}

fn take(line: &Rc<Line>) -> Lease {
    line.busy.set(line.busy.get() + 1);
    Lease(Rc::clone(line))
}

async fn open(
    upstream: &Arc<Upstream>,
    timeout: Duration,
    idle: Option<Duration>,
    cells: &Arc<WorkerCells>,
) -> Result<Rc<Line>, ConnectError> {
    let opened = handshake(upstream, timeout, idle).await;
    cells.count(if opened.is_ok() { WorkerEvent::UpstreamConnected } else { WorkerEvent::UpstreamConnectFailed });
    opened
}

async fn handshake(upstream: &Arc<Upstream>, timeout: Duration, idle: Option<Duration>) -> Result<Rc<Line>, ConnectError> {
    let (gathered, turns) = gather::gathered(dial(&upstream.grpc, timeout).await?.patient(idle));
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .max_send_buffer_size(SEND_BUFFER);
    let (sender, connection) = builder.handshake(gathered).await.map_err(|error| ConnectError::http2(&upstream.grpc, error))?;
    let line = Rc::new(Line { sender, busy: Cell::new(0), open: Cell::new(true) });
    let driven = Rc::clone(&line);
    tokio::task::spawn_local(async move {
        if let Err(error) = turns.drive(connection).await {
            tracing::debug!(%error, "an upstream gRPC connection ended");
        }
        driven.open.set(false);
    });
    Ok(line)
}
