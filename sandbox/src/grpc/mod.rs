//! Qdrant's gRPC services over the same store as REST.
//!
//! `serve` is called by `Sandbox::start`. A request passes the gate (API key), a service (`collections`, `points`, `snapshots`, `service`,
//! `health`), and `call`, which checks names, obeys faults, logs and times; what is left is to convert the message (`convert`), ask the store
//! (`reading`, `writing`) and convert the answer. Tuned as a real server: gzip whenever the client can read it, messages of any size, the same
//! HTTP/2 windows.

mod call;
mod collections;
mod convert;
mod gate;
mod health;
mod points;
mod reading;
mod service;
mod snapshots;
mod suffering;
mod timed;
mod writing;

use std::future::Future;
use std::io;
use std::sync::Arc;

use qdrant_client::qdrant::collections_server::CollectionsServer;
use qdrant_client::qdrant::points_server::PointsServer;
use qdrant_client::qdrant::qdrant_server::QdrantServer;
use qdrant_client::qdrant::snapshots_server::SnapshotsServer;
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::Server;

use crate::{Shared, net};
use call::Calls;
use gate::GateLayer;
use health::Health;

const WINDOW: u32 = 1024 * 1024;
const MAX_HEADERS: u32 = 16 * 1024;

macro_rules! tuned {
    ($service:expr) => {
        $service.accept_compressed(Gzip).send_compressed(Gzip).max_decoding_message_size(usize::MAX)
    };
}

/// Serves until `shutdown` is done; requests under way finish first.
pub async fn serve(listener: TcpListener, shared: Shared, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let faults = Arc::clone(&shared.faults);
    let connections = futures_util::stream::unfold((listener, faults), |(listener, faults)| async move {
        Some((net::accept(&listener, &faults).await, (listener, faults)))
    });
    let calls = Calls { shared: shared.clone() };
    Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .http2_max_header_list_size(MAX_HEADERS)
        .layer(GateLayer { shared })
        .add_service(tuned!(CollectionsServer::new(calls.clone())))
        .add_service(tuned!(PointsServer::new(calls.clone())))
        .add_service(tuned!(SnapshotsServer::new(calls.clone())))
        .add_service(tuned!(QdrantServer::new(calls.clone())))
        .add_service(Health { calls })
        .serve_with_incoming_shutdown(connections, shutdown)
        .await
        .map_err(io::Error::other)
}
