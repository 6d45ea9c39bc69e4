//! Upstreams for the tests of the pools: peers that do one thing with each connection.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{LocalSet, yield_now};

use super::{Credentials, Endpoint, Speaks, Trust, Upstream};

/// Nothing takes as long; only a hang would.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// What becomes of each connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    /// Accepted, and never spoken on.
    Silent,
    Closed,
    Reset,
    /// HTTP/2 is spoken on it.
    Speaks,
}

/// How many connections a peer was given.
pub(super) type Accepted = Rc<Cell<usize>>;

/// An upstream with both endpoints at `address`, over TLS or not, and `connections` at the least.
pub(super) fn upstream(address: SocketAddr, tls: bool, connections: usize) -> Arc<Upstream> {
    let url = format!("{}://{address}", if tls { "https" } else { "http" });
    let config = Trust::Nobody.config().expect("no file is read");
    let endpoint = |speaks| Endpoint::parse(&url, 80, &config, speaks).expect("a legal URL");
    Arc::new(Upstream {
        id: Upstream::next_id(),
        name: "default".into(),
        rest: endpoint(Speaks::Http1),
        grpc: endpoint(Speaks::Http2),
        credentials: Credentials::Pass,
        grpc_connections: connections,
    })
}

/// A port that refuses connections until it listens, and cannot be taken by another process in between.
pub(super) fn reserved() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

/// A peer at a port of its own.
pub(super) fn listen(peer: Peer) -> (Accepted, SocketAddr) {
    let (socket, address) = reserved();
    (serve(socket, peer), address)
}

pub(super) fn serve(socket: TcpSocket, peer: Peer) -> Accepted {
    let listener = socket.listen(1024).expect("bound");
    let accepted = Accepted::default();
    tokio::task::spawn_local(accept(listener, peer, Rc::clone(&accepted)));
    accepted
}

async fn accept(listener: TcpListener, peer: Peer, accepted: Accepted) {
    let mut kept: Vec<TcpStream> = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        accepted.set(accepted.get() + 1);
        match peer {
            Peer::Silent => kept.push(stream),
            Peer::Closed => drop(stream),
            Peer::Reset => stream.set_zero_linger().expect("a TCP socket"),
            Peer::Speaks => drop(tokio::task::spawn_local(speak(stream))),
        }
    }
}

async fn speak(stream: TcpStream) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok(_)) = connection.accept().await {}
}

/// Runs a test where pools live: on one thread.
pub(super) async fn on_a_worker(test: impl Future<Output = ()>) {
    tokio::time::timeout(LONG, LocalSet::new().run_until(test)).await.expect("nothing hangs");
}

/// Lets other tasks run until it is so.
pub(super) async fn until(so: impl Fn() -> bool) {
    while !so() {
        yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
