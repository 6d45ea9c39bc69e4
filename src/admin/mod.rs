//! The operators' HTTP API, version 1, on its own port and runtime. Started by `cli`; it only asks `control`.
//!
//! One file a resource; [`endpoints`] is the table of all of them, which the router and the OpenAPI document are built from. Every answer that is not a success is a problem document (RFC 9457). Changes are conditional
//! (`ETag`, `If-Match`) and, where `admin.token` is set, need it as a bearer token. Requests of pages of other sites are refused.

mod aliases;
mod analysis_csv;
mod api;
mod auth;
mod caller;
mod canaries;
mod captures;
mod collections;
mod cross_site;
mod deployments;
mod endpoints;
mod event_stream;
mod events;
mod experiments;
mod extract;
mod health;
mod history;
mod kill_switch;
mod lane;
mod log_level;
mod openapi;
mod page;
mod problem;
mod retirements;
mod routes;
mod second_look;
mod shadows;
mod status;
mod tagged;
mod token_key;
mod user_ids;
mod webhooks;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use crate::control::Control;

use self::lane::Lanes;
use self::problem::{Kind, Problem};

pub use log_level::LogFilter;

/// A route of 64 variants with the longest names stays well below.
const MAX_BODY_BYTES: usize = 256 << 10;

/// What the handlers work on.
#[derive(Clone)]
pub struct AdminState {
    pub control: Control,
    pub log: Arc<dyn LogFilter>,
}

/// The whole API.
pub fn router(state: AdminState) -> Router {
    let (streams, lanes) = (event_stream::Places::default(), Lanes::default());
    let routed = endpoints::endpoints().into_iter().fold(Router::new(), |router, endpoint| endpoint.route(router, &lanes));
    routed
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), second_look::look_twice))
        .layer(from_fn_with_state(state.clone(), auth::require_token))
        .layer(from_fn_with_state(state.clone(), cross_site::refuse_cross_site))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(Extension(streams))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .with_state(state)
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::new(Kind::UnknownPath, format!("there is nothing at {}; /openapi.json lists what there is", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::WrongMethod, format!("{} does not take {method}; see the Allow header", uri.path()))
}
