//! The data plane as a whole: its ports, its workers, and the thread that accepts connections and gives each to the worker
//! with the fewest.
//!
//! With one listener per worker the kernel would choose by a hash of the client's address: a few long-lived gRPC connections
//! then easily end up on one worker. One accept per connection is cheap; one worker for all calls is not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::accepting;
use super::connection::Front;
use super::worker::{Admission, Command, Parts, Stopping, WorkerHandle, spawn};
use crate::live::{Memory, Mirror, Refresh, Shared};
use crate::metrics::Registry;

/// The listening addresses and connection limits. Fixed for the life of the process.
pub struct Listen {
    pub rest: SocketAddr,
    pub grpc: SocketAddr,
    pub head_timeout: Duration,
    pub max_head_bytes: usize,
    pub max_connections: usize,
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// The channels to the rest of the process.
#[derive(Clone, Debug)]
pub struct Neighbours {
    pub refresh: Refresh,
    pub mirror: Mirror,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
    #[error("cannot start the thread that accepts connections: {0}")]
    Accepting(io::Error),
}

/// A running data plane.
pub struct Proxy {
    rest: SocketAddr,
    grpc: SocketAddr,
    workers: Arc<[WorkerHandle]>,
    threads: Vec<JoinHandle<()>>,
    accepting: JoinHandle<()>,
    stopping: Stopping,
    stop_accepting: watch::Sender<bool>,
}

impl Proxy {
    /// Binds both ports, starts one worker per shard of `registry`, and accepts. Call it on a tokio runtime; the data plane
    /// does not use that runtime afterwards.
    ///
    /// # Errors
    /// When a port cannot be bound or a thread cannot be started.
    pub async fn start(listen: Listen, live: &Shared, registry: &Registry, neighbours: &Neighbours) -> Result<Self, StartError> {
        let rest = bind(listen.rest).await?;
        let grpc = bind(listen.grpc).await?;
        let address = |listener: &TcpListener, asked| listener.local_addr().map_err(|error| StartError::Listen(asked, error));
        let (rest_addr, grpc_addr) = (address(&rest, listen.rest)?, address(&grpc, listen.grpc)?);
        let front = Arc::new(Front {
            head_timeout: listen.head_timeout,
            max_head_bytes: listen.max_head_bytes,
            tls: listen.tls.map(TlsAcceptor::from),
        });
        let stopping = Stopping::default();
        let (handles, threads) = workers(&front, live, registry, neighbours, &stopping)?;
        let (stop_accepting, stopped) = watch::channel(false);
        let listeners = [rest.into_std().map_err(StartError::Accepting)?, grpc.into_std().map_err(StartError::Accepting)?];
        let accepting =
            accepting::spawn(listeners, listen.max_connections, Arc::clone(&handles), stopped).map_err(StartError::Accepting)?;
        Ok(Self { rest: rest_addr, grpc: grpc_addr, workers: handles, threads, accepting, stopping, stop_accepting })
    }

    #[must_use]
    pub fn rest_addr(&self) -> SocketAddr {
        self.rest
    }

    #[must_use]
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc
    }

    /// From now on the health routes of the data ports report not ready. All other requests are served as before.
    pub fn announce_stop(&self) {
        self.stopping.begin();
    }

    /// Graceful shutdown: stops accepting, lets requests in progress finish within `grace`, then closes the rest. Returns
    /// true if all finished.
    pub async fn shutdown(self, grace: Duration) -> bool {
        self.stop_accepting.send_replace(true);
        // A draining worker accepts no connection, so none may be on its way to one.
        let accepting = self.accepting;
        if let Err(error) = tokio::task::spawn_blocking(move || accepting.join()).await {
            tracing::error!(%error, "the thread that accepts could not be joined");
        }
        for worker in self.workers.iter() {
            worker.send(Command::Drain);
        }
        let threads = self.threads;
        let mut joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
        if let Ok(clean) = tokio::time::timeout(grace, &mut joined).await {
            return clean.unwrap_or(false);
        }
        for worker in self.workers.iter() {
            worker.send(Command::Stop);
        }
        if let Err(error) = joined.await {
            tracing::error!(%error, "a worker could not be joined");
        }
        false
    }
}

type Workers = (Arc<[WorkerHandle]>, Vec<JoinHandle<()>>);

fn workers(
    front: &Arc<Front>,
    live: &Shared,
    registry: &Registry,
    neighbours: &Neighbours,
    stopping: &Stopping,
) -> Result<Workers, StartError> {
    let admission = Admission::default();
    let memory = Memory::of(live.load().settings.limits.held_bytes);
    let mut handles = Vec::new();
    let mut threads = Vec::new();
    for (index, cells) in registry.workers().iter().enumerate() {
        let parts = Parts {
            index,
            live: Arc::clone(live),
            cells: Arc::clone(cells),
            refresh: neighbours.refresh.clone(),
            mirror: neighbours.mirror.clone(),
            admission: admission.clone(),
            stopping: stopping.clone(),
            memory: memory.clone(),
        };
        let (handle, thread) = spawn(parts, Arc::clone(front)).map_err(StartError::Worker)?;
        handles.push(handle);
        threads.push(thread);
    }
    Ok((handles.into(), threads))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))
}
