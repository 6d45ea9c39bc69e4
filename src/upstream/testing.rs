//! Fake upstreams for the tests of the pools: peers that treat every connection in one way.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{LocalSet, yield_now};

use super::{Credentials, Endpoint, Speaks, Trust, Upstream};

/// Longer than anything takes; only a hang would last that long.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// What the peer does with each connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    /// Accepts it and sends nothing.
    Silent,
    Closed,
    Reset,
    /// Speaks HTTP/2 on it.
    Speaks,
}

/// How many connections a peer has accepted.
pub(super) type Accepted = Rc<Cell<usize>>;

/// An upstream with both endpoints at `address`, with TLS or without, and at least `connections` connections.
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

/// A port that refuses connections until it listens, and that no other process can take in between.
pub(super) fn reserved() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

/// A peer on its own port.
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

/// Runs a test on one thread, as pools require.
pub(super) async fn on_a_worker(test: impl Future<Output = ()>) {
    tokio::time::timeout(LONG, LocalSet::new().run_until(test)).await.expect("nothing hangs");
}

/// Lets other tasks run until the condition holds.
pub(super) async fn until(so: impl Fn() -> bool) {
    while !so() {
        yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
