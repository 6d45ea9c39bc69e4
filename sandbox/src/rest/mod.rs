//! Qdrant's REST API, as 1.18 serves it.
//!
//! Each request passes `gate` (key, faults, log) and becomes a `Call`; a handler names the store's method that answers it.

mod aliases;
mod answer;
mod call;
mod collections;
mod control;
mod download;
mod gate;
mod listen;
mod points;
mod queries;
mod render;
mod service;
mod snapshots;
mod unserved;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

pub use listen::serve;

use crate::Shared;

/// All routes with what surrounds them.
fn router(shared: &Shared) -> Router {
    Router::new()
        .merge(service::routes())
        .merge(collections::routes())
        .merge(aliases::routes())
        .merge(points::routes())
        .merge(queries::routes())
        .merge(snapshots::routes())
        .merge(unserved::routes())
        .merge(control::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .layer(RequestDecompressionLayer::new())
        .layer(middleware::from_fn_with_state(shared.clone(), gate::pass))
        .layer(CompressionLayer::new().compress_when(gate::compressible))
        .with_state(shared.clone())
}

/// Qdrant answers unknown paths, wrong methods and `HEAD` alike: 404 and nothing else.
async fn nothing_here() -> StatusCode {
    StatusCode::NOT_FOUND
}
