//! The operators' HTTP API, version 1, on its own port and runtime. Started by `cli`; it only asks `control`.
//!
//! One file a resource. Every answer that is not a success is a problem document (RFC 9457). Changes are conditional
//! (`ETag`, `If-Match`) and, where `admin.token` is set, need it as a bearer token. Requests of pages of other sites are refused.

mod aliases;
mod analysis_csv;
mod auth;
mod caller;
mod canaries;
mod captures;
mod collections;
mod cross_site;
mod deployments;
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
use axum::routing::{MethodRouter, get, patch, post};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use crate::control::Control;

use self::lane::{Lane, Lanes};
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
    let streams = event_stream::Places::default();
    let routed = resources(&Lanes::default()).into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
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

/// Every path with its methods; `openapi.json` describes exactly these, and a test holds it to that. What takes long to
/// compute is in a lane.
fn resources(lanes: &Lanes) -> Vec<(&'static str, MethodRouter<AdminState>)> {
    let within = |lane: &Arc<Lane>, methods: MethodRouter<AdminState>| methods.layer(from_fn_with_state(Arc::clone(lane), lane::compute));
    let Lanes { reports, overviews, scrapes, feedback } = lanes;
    vec![
        ("/livez", get(health::livez)),
        ("/readyz", get(health::readyz)),
        ("/metrics", within(scrapes, get(status::metrics))),
        ("/openapi.json", get(openapi::document)),
        ("/log-level", get(log_level::show).put(log_level::set)),
        ("/v1/status", within(overviews, get(status::show))),
        ("/v1/aliases", within(overviews, get(aliases::list))),
        ("/v1/aliases/{alias}", get(aliases::show).put(aliases::put).delete(aliases::delete)),
        ("/v1/aliases/{alias}/compatibility", get(aliases::compatibility)),
        ("/v1/aliases/{alias}/decision", get(aliases::decision)),
        ("/v1/aliases/{alias}/switch", post(aliases::switch)),
        ("/v1/collections", within(overviews, get(collections::list))),
        ("/v1/retirements", within(overviews, get(retirements::list)).post(retirements::create)),
        ("/v1/retirements/plan", post(retirements::plan)),
        ("/v1/retirements/{id}", get(retirements::show)),
        ("/v1/retirements/{id}/cancel", post(retirements::cancel)),
        ("/v1/audit", within(overviews, get(history::audit))),
        ("/v1/events", get(events::events)),
        ("/v1/canaries", within(overviews, get(canaries::list)).post(canaries::create)),
        ("/v1/canaries/{id}", get(canaries::show)),
        ("/v1/canaries/{id}/comparison", within(reports, get(canaries::comparison))),
        ("/v1/canaries/{id}/{command}", post(canaries::command)),
        ("/v1/captures", post(captures::create)),
        ("/v1/deployments", within(overviews, get(deployments::list)).post(deployments::create)),
        ("/v1/deployments/{id}", get(deployments::show)),
        ("/v1/deployments/{id}/{command}", post(deployments::command)),
        ("/v1/experiments", within(overviews, get(experiments::list)).post(experiments::create)),
        ("/v1/experiments/plan", within(reports, post(experiments::plan))),
        ("/v1/experiments/{id}", get(experiments::show).patch(experiments::change)),
        ("/v1/experiments/{id}/stop", post(experiments::stop)),
        ("/v1/experiments/{id}/assignment", get(experiments::assignment).post(experiments::assign)),
        ("/v1/experiments/{id}/analysis", within(reports, get(experiments::analysis))),
        ("/v1/experiments/{id}/feedback", within(feedback, post(experiments::feedback))),
        ("/v1/feedback", within(feedback, post(experiments::feedback_by_token))),
        ("/v1/kill-switch", get(kill_switch::show).put(kill_switch::turn)),
        ("/v1/routes", within(overviews, get(routes::list))),
        ("/v1/routes/{alias}", get(routes::show).put(routes::put).delete(routes::delete)),
        ("/v1/routes/{alias}/weights", patch(routes::patch_weights)),
        ("/v1/shadows", within(overviews, get(shadows::list)).post(shadows::create)),
        ("/v1/shadows/{id}", within(reports, get(shadows::show))),
        ("/v1/shadows/{id}/stop", post(shadows::stop)),
        ("/v1/token-key/rotate", post(token_key::rotate)),
        ("/v1/webhooks", get(webhooks::list)),
        ("/v1/webhooks/{name}/test", post(webhooks::test)),
    ]
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::new(Kind::UnknownPath, format!("there is nothing at {}; /openapi.json lists what there is", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::WrongMethod, format!("{} does not take {method}; see the Allow header", uri.path()))
}
