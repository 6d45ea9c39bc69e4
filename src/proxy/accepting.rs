//! The accept thread. It only accepts connections, so no computation or wait can delay new clients.
//!
//! There is one accept loop a port. Each port has one reserved place among `listen.max_connections`, so a flood at one port
//! never blocks the other; both share the rest.

use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};

use super::worker::{Accepted, Command, WorkerHandle};

/// Probably out of file descriptors: wait until some connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a connection needs before it is accepted.
#[derive(Clone)]
struct Places {
    own: Arc<Semaphore>,
    shared: Arc<Semaphore>,
}

impl Places {
    /// For two ports that share this number of connections; at least one each.
    fn of_two_ports(max_connections: usize) -> [Self; 2] {
        let shared = Arc::new(Semaphore::new(max_connections.saturating_sub(2).min(Semaphore::MAX_PERMITS)));
        [(); 2].map(|()| Self { own: Arc::new(Semaphore::new(1)), shared: Arc::clone(&shared) })
    }

    async fn take(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        tokio::select! {
            biased;
            place = Arc::clone(&self.own).acquire_owned() => place,
            place = Arc::clone(&self.shared).acquire_owned() => place,
        }
    }
}

/// Starts the thread. It ends when `stopped` is set.
pub(super) fn spawn(
    listeners: [StdListener; 2],
    max_connections: usize,
    workers: Arc<[WorkerHandle]>,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let [rest, grpc] = {
        let _inside = runtime.enter();
        let [rest, grpc] = listeners.map(TcpListener::from_std);
        [rest?, grpc?]
    };
    std::thread::Builder::new().name("accept".to_owned()).spawn(move || {
        let [for_rest, for_grpc] = Places::of_two_ports(max_connections);
        let rest = accept(&rest, &workers, &for_rest, stopped.clone());
        let grpc = accept(&grpc, &workers, &for_grpc, stopped.clone());
        runtime.block_on(async { tokio::join!(rest, grpc) });
    })
}

async fn accept(listener: &TcpListener, workers: &[WorkerHandle], places: &Places, mut stopped: watch::Receiver<bool>) {
    loop {
        let next = async {
            // Beyond the limit connections wait in the kernel's queue, which refuses more when it is full.
            let place = places.take().await.map_err(io::Error::other)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The maximum number of connections of one port while the other has none, and whether the other port still gets one.
    async fn at_most(max_connections: usize) -> (usize, bool) {
        let [one, other] = Places::of_two_ports(max_connections);
        let mut taken = Vec::new();
        while one.own.available_permits() + one.shared.available_permits() > 0 {
            taken.push(one.take().await.expect("nothing closes it"));
        }
        (taken.len(), other.own.available_permits() == 1)
    }

    #[tokio::test]
    async fn a_port_that_is_full_leaves_a_place_to_the_other() {
        for (limit, at_one_port) in [(1, 1), (2, 1), (3, 2), (100, 99)] {
            assert_eq!(at_most(limit).await, (at_one_port, true), "{limit}");
        }
    }
}
