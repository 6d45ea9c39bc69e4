//! The listener and the stack of services on it, tuned as Qdrant's own server is.

use std::future::Future;
use std::io;

use qdrant_client::qdrant::collections_server::CollectionsServer;
use qdrant_client::qdrant::points_server::PointsServer;
use qdrant_client::qdrant::qdrant_server::QdrantServer;
use qdrant_client::qdrant::snapshots_server::SnapshotsServer;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::Server;

use super::call::Calls;
use super::connection::Connection;
use super::gate::GateLayer;
use super::health::Health;

const WINDOW: u32 = 1024 * 1024;
const MAX_HEADERS: u32 = 16 * 1024;

/// Requests may be compressed, answers are whenever the client can read them, and no message is too large.
macro_rules! tuned {
    ($service:expr) => {
        $service.accept_compressed(Gzip).send_compressed(Gzip).max_decoding_message_size(usize::MAX)
    };
}

/// Serves until `stop`; requests under way finish first.
pub(super) async fn serve(
    listener: TcpListener, calls: Calls, key: Option<&str>, stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let connections = TcpListenerStream::new(listener).map(|accepted| {
        let stream = accepted?;
        if let Err(error) = stream.set_nodelay(true) {
            // The client is gone already; the server finds out when it reads.
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
        Ok::<_, io::Error>(Connection::new(stream))
    });
    Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .http2_max_header_list_size(MAX_HEADERS)
        .layer(GateLayer::new(key))
        .add_service(tuned!(CollectionsServer::new(calls.clone())))
        .add_service(tuned!(PointsServer::new(calls.clone())))
        .add_service(tuned!(SnapshotsServer::new(calls.clone())))
        .add_service(tuned!(QdrantServer::new(calls)))
        .add_service(Health)
        .serve_with_incoming_shutdown(connections, stop)
        .await
}
