//! The sandbox's own controls, below `/sandbox` on the REST port. Faults do not touch them, and they need no key.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/faults` | all faults by name |
//! | `DELETE /sandbox/faults` | end all faults |
//! | `GET /sandbox/faults/{name}` | the fault of one collection or alias; `*` stands for every request |
//! | `PUT /sandbox/faults/{name}` | set it, in place of the one before |
//! | `DELETE /sandbox/faults/{name}` | end it |
//! | `GET /sandbox/requests?since=&protocol=rest&operation=&collection=&limit=` | what arrived, oldest first |
//! | `GET /sandbox/requests/count?…` | how many |
//! | `DELETE /sandbox/requests` | forget them |
//!
//! A fault, every field optional:
//!
//! ```json
//! {
//!   "latency": {"distribution": "fixed", "ms": 20},
//!   "errors": [{"status": 503, "share": 0.1, "message": "busy", "retry_after": 1}],
//!   "status": "yellow",
//!   "connection": "reset",
//!   "slow_body": {"chunk_bytes": 16, "delay_ms": 10},
//!   "seed": 7
//! }
//! ```
//!
//! Other latencies: `{"distribution": "uniform", "min_ms", "max_ms"}`, `{"distribution": "normal", "mean_ms", "deviation_ms"}`,
//! `{"distribution": "lognormal", "median_ms", "sigma"}`. Other connections: `close`, `stall`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::answer;
use crate::Shared;
use crate::faults::Fault;
use crate::requests::Filter;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/sandbox/faults", get(list_faults).delete(clear_faults))
        .route("/sandbox/faults/{target}", get(get_fault).put(set_fault).delete(clear_fault))
        .route("/sandbox/requests", get(list_requests).delete(clear_requests))
        .route("/sandbox/requests/count", get(count_requests))
}

async fn list_faults(State(shared): State<Shared>) -> Response {
    answer::json(StatusCode::OK, &shared.faults.list())
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.faults.clear_all();
    StatusCode::NO_CONTENT
}

async fn get_fault(State(shared): State<Shared>, Path(target): Path<String>) -> Response {
    match shared.faults.list().get(&target) {
        Some(fault) => answer::json(StatusCode::OK, fault),
        None => refuse(StatusCode::NOT_FOUND, &format!("no fault is set for `{target}`")),
    }
}

async fn set_fault(State(shared): State<Shared>, Path(target): Path<String>, body: Bytes) -> Response {
    let fault = serde_json::from_slice::<Fault>(&body).map_err(|why| why.to_string());
    match fault.and_then(|fault| shared.faults.set(&target, fault.clone()).map(|()| fault)) {
        Ok(fault) => answer::json(StatusCode::OK, &fault),
        Err(why) => refuse(StatusCode::BAD_REQUEST, &format!("fault for `{target}`: {why}")),
    }
}

async fn clear_fault(State(shared): State<Shared>, Path(target): Path<String>) -> Response {
    let cleared = shared.faults.clear(&target);
    answer::json(StatusCode::OK, &json!({"cleared": cleared}))
}

async fn list_requests(State(shared): State<Shared>, Query(filter): Query<Filter>) -> Response {
    answer::json(StatusCode::OK, &shared.log.list(&filter))
}

async fn count_requests(State(shared): State<Shared>, Query(filter): Query<Filter>) -> Response {
    answer::json(StatusCode::OK, &json!({"count": shared.log.count(&filter)}))
}

async fn clear_requests(State(shared): State<Shared>) -> StatusCode {
    shared.log.clear();
    StatusCode::NO_CONTENT
}

fn refuse(status: StatusCode, why: &str) -> Response {
    answer::json(status, &json!({"error": why}))
}
