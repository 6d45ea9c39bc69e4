//! Calls a real server has and the sandbox has not: 501, saying so, which is more use than a 404 that looks like a typo.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::{MethodRouter, any};

use super::answer;
use crate::Shared;
use crate::engine::EngineError;

/// Whole paths; the methods a real server has on them differ, and none is served.
const PATHS: &[&str] = &[
    "/audit/logs",
    "/cluster/metadata/keys",
    "/cluster/metadata/keys/{key}",
    "/cluster/peer/{peer}",
    "/cluster/recover",
    "/cluster/telemetry",
    "/collections/{name}/memory",
    "/collections/{name}/shards/delete",
    "/collections/{name}/shards/{shard}/cleanup",
    "/collections/{name}/shards/{shard}/points",
    "/collections/{name}/shards/{shard}/points/count",
    "/collections/{name}/shards/{shard}/points/scroll",
    "/collections/{name}/shards/{shard}/snapshot",
    "/collections/{name}/shards/{shard}/snapshot/{*rest}",
    "/collections/{name}/shards/{shard}/snapshots",
    "/collections/{name}/shards/{shard}/snapshots/{*rest}",
    "/collections/{name}/truncate_unapplied_wal",
    "/debugger",
    "/logger",
    "/profiler/slow_requests",
    "/snapshots",
    "/snapshots/{snapshot}",
    "/stacktrace",
];

pub(super) fn routes() -> Router<Shared> {
    let mut router = Router::new()
        .route("/collections/{name}/cluster", axum::routing::post(say))
        .route("/collections/{name}/shards", axum::routing::put(say));
    for path in PATHS {
        let all: MethodRouter<Shared> = any(say);
        router = router.route(path, all);
    }
    router
}

async fn say(method: Method, uri: Uri) -> Response {
    let error = EngineError::not_served(format_args!("{method} {}", uri.path()));
    answer::failure(&error, Duration::ZERO)
}
