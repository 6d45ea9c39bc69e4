//! Accepts connections in one place and hands each to the worker that has the fewest.
//!
//! Listeners per worker would leave the choice to a hash of the client's address: a few long-lived gRPC connections then
//! easily end up on one worker. One accept per connection is cheap; one worker for all calls is not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::connection::Front;
use super::worker::{Accepted, Admission, Command, Parts, WorkerHandle, spawn};
use crate::live::{Mirror, Refresh, Shared};
use crate::metrics::Registry;

/// Out of file descriptors, most likely: wait for some connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where clients are received, and how. Fixed for the life of the process.
pub struct Listen {
    pub rest: SocketAddr,
    pub grpc: SocketAddr,
    pub head_timeout: Duration,
    pub max_head_bytes: usize,
    pub max_connections: usize,
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// Whom the data plane may turn to.
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
}

/// A running data plane.
pub struct Proxy {
    rest: SocketAddr,
    grpc: SocketAddr,
    workers: Arc<[WorkerHandle]>,
    threads: Vec<JoinHandle<()>>,
    stop_accepting: watch::Sender<bool>,
}

impl Proxy {
    /// Binds both ports and starts one worker per shard of `registry`. Must be called on a tokio runtime, which does the
    /// accepting.
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
        let (handles, threads) = workers(&front, live, registry, neighbours)?;
        let (stop_accepting, stopped) = watch::channel(false);
        let places = Arc::new(Semaphore::new(listen.max_connections.min(Semaphore::MAX_PERMITS)));
        for listener in [rest, grpc] {
            tokio::spawn(accept(listener, Arc::clone(&handles), Arc::clone(&places), stopped.clone()));
        }
        Ok(Self { rest: rest_addr, grpc: grpc_addr, workers: handles, threads, stop_accepting })
    }

    #[must_use]
    pub fn rest_addr(&self) -> SocketAddr {
        self.rest
    }

    #[must_use]
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc
    }

    /// Stops accepting, lets what is under way finish within `grace`, then closes the rest. True when all finished.
    pub async fn shutdown(self, grace: Duration) -> bool {
        self.stop_accepting.send_replace(true);
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

fn workers(front: &Arc<Front>, live: &Shared, registry: &Registry, neighbours: &Neighbours) -> Result<Workers, StartError> {
    let admission = Admission::default();
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

async fn accept(listener: TcpListener, workers: Arc<[WorkerHandle]>, places: Arc<Semaphore>, mut stopped: watch::Receiver<bool>) {
    loop {
        let next = async {
            // Past the limit nobody is accepted: the kernel's queue holds them, and says so when it is full.
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, peer) = listener.accept().await?;
            Ok::<_, io::Error>(Accepted { stream: stream.into_std()?, peer, place })
        };
        let accepted = tokio::select! {
            accepted = next => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match accepted {
            Ok(accepted) => {
                if let Some(worker) = workers.iter().min_by_key(|worker| worker.connections.load(Ordering::Relaxed)) {
                    worker.send(Command::Serve(accepted));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
