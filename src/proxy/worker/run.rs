//! A worker's thread: takes connections, serves each in its own task, sweeps its pools, drains.

use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::LocalSet;

use super::{Parts, Worker};
use crate::metrics::WorkerEvent;
use crate::proxy::connection::{self, Front};

const SWEEP: Duration = Duration::from_secs(1);

/// A client's connection on its way from the acceptor to its worker.
pub(in crate::proxy) struct Accepted {
    pub(in crate::proxy) stream: StdStream,
    pub(in crate::proxy) peer: SocketAddr,
    /// Its permit from `listen.max_connections`.
    pub(in crate::proxy) place: OwnedSemaphorePermit,
}

pub(in crate::proxy) enum Command {
    Serve(Accepted),
    /// Finish requests in progress, accept nothing new.
    Drain,
    /// The grace period is over.
    Stop,
}

/// The acceptor's end of a worker.
pub(in crate::proxy) struct WorkerHandle {
    commands: mpsc::UnboundedSender<Command>,
    /// Connections handed over and not yet closed.
    pub(in crate::proxy) connections: Arc<AtomicUsize>,
}

impl WorkerHandle {
    /// A worker that has ended drops what it is sent: the connection closes.
    pub(in crate::proxy) fn send(&self, command: Command) {
        if matches!(command, Command::Serve(_)) {
            self.connections.fetch_add(1, Ordering::Relaxed);
        }
        if self.commands.send(command).is_err() {
            tracing::debug!("a worker has stopped already");
        }
    }
}

/// Starts a worker's thread.
pub(in crate::proxy) fn spawn(parts: Parts, front: Arc<Front>) -> io::Result<(WorkerHandle, JoinHandle<()>)> {
    let (commands, inbox) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let handle = WorkerHandle { commands, connections: Arc::clone(&connections) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name(format!("worker-{}", parts.index)).spawn(move || {
        let worker = Worker::new(parts);
        LocalSet::new().block_on(&runtime, run(&worker, &front, inbox, &connections));
    })?;
    Ok((handle, thread))
}

async fn run(worker: &Rc<Worker>, front: &Arc<Front>, mut inbox: mpsc::UnboundedReceiver<Command>, connections: &Arc<AtomicUsize>) {
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            command = inbox.recv() => match command {
                Some(Command::Serve(accepted)) => serve(worker, front, accepted, connections),
                Some(Command::Drain) => break,
                Some(Command::Stop) | None => return,
            },
            _ = sweep.tick() => {
                let live = worker.live();
                worker.pools().sweep(&live.upstreams, live.settings.timeouts.idle_rest);
            }
        }
    }
    worker.drain().begin();
    tokio::select! {
        () = worker.drain().empty() => {}
        () = stopped(&mut inbox) => tracing::warn!("the grace is over: connections still open are closed"),
    }
}

async fn stopped(inbox: &mut mpsc::UnboundedReceiver<Command>) {
    while let Some(command) = inbox.recv().await {
        if matches!(command, Command::Stop) {
            return;
        }
    }
}

fn serve(worker: &Rc<Worker>, front: &Arc<Front>, accepted: Accepted, connections: &Arc<AtomicUsize>) {
    worker.cells().count(WorkerEvent::ConnectionAccepted);
    worker.drain().opened();
    let end = Open { worker: Rc::clone(worker), connections: Arc::clone(connections) };
    let front = Arc::clone(front);
    tokio::task::spawn_local(async move {
        let Accepted { stream, peer, place } = accepted;
        match TcpStream::from_std(stream) {
            Ok(stream) => connection::serve(&end.worker, &front, stream, peer).await,
            Err(error) => tracing::warn!(%error, "an accepted connection could not be taken over"),
        }
        drop(place);
    });
}

/// An open connection, counted until it is dropped, however its task ends.
struct Open {
    worker: Rc<Worker>,
    connections: Arc<AtomicUsize>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
        self.worker.cells().count(WorkerEvent::ConnectionClosed);
        self.worker.drain().ended();
    }
}
