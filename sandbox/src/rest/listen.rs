//! The REST port: HTTP/1.1 only, idle connections closed as early as Qdrant closes them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::{gate, router};
use crate::Shared;
use crate::net::{self, CuttableStream};

/// How long a connection may be idle, and how long a head may take: Qdrant's default.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Serves until `shutdown` is done, then lets running requests finish.
pub async fn serve(listener: TcpListener, shared: Shared, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let router = router(&shared);
    let connections = TaskTracker::new();
    let stopping = CancellationToken::new();
    // A sandbox that is dropped takes its connections along.
    let _dropped = stopping.clone().drop_guard();
    tokio::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            accepted = net::accept(&listener, &shared.faults) => match accepted {
                Ok(stream) => stream,
                Err(why) => {
                    // A client that left early, or too many open files: neither ends the server.
                    tracing::warn!(%why, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                    continue;
                }
            },
        };
        connections.spawn(converse(stream, router.clone(), stopping.clone()));
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn converse(stream: CuttableStream, router: Router, stopping: CancellationToken) {
    let scissors = stream.scissors();
    let cut = scissors.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(scissors.clone());
        answer(request, router.clone())
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(KEEP_ALIVE).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = cut.cut_through() => return,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = cut.cut_through() => return,
            }
        }
    };
    if let Err(why) = ended {
        tracing::debug!(%why, "a connection ended early");
    }
}

async fn answer(request: hyper::Request<Incoming>, router: Router) -> Result<Response, Infallible> {
    if request.method() == hyper::Method::HEAD {
        return Ok(gate::not_found());
    }
    let mut request = request.map(Body::new);
    gate::normalize(&mut request);
    router.oneshot(request).await
}
