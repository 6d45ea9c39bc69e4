//! The bearer tokens that changes need where they are configured: one for everything, one for what applications do.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::AdminState;
use super::api::Right;
use super::endpoints;
use super::problem::{Kind, Problem};
use crate::config::{AdminConfig, Secret};

/// Lets reads pass, and changes that carry a token that opens them.
pub(super) async fn require_token(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    match missing(&request, &state.control.plan().admin) {
        None => next.run(request).await,
        Some(detail) => turned_away(&state, &request, Problem::new(Kind::Unauthorized, detail)),
    }
}

/// Which token a request would need.
fn missing(request: &Request, admin: &AdminConfig) -> Option<&'static str> {
    let right = right_for(request);
    admin.token.as_ref().filter(|token| right != Right::Read && !bears(request.headers(), token))?;
    match admin.feedback_token.as_ref().filter(|_| right == Right::Feedback) {
        Some(feedback) if bears(request.headers(), feedback) => None,
        Some(_) => Some("this needs `Authorization: Bearer <admin.feedback_token>`, or <admin.token>"),
        None => Some("changes need `Authorization: Bearer <admin.token>`"),
    }
}

/// What is not in the table is refused like a change: who has no token learns nothing of what there is.
fn right_for(request: &Request) -> Right {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let otherwise = if changes(request.method()) { Right::Change } else { Right::Read };
    path.and_then(|path| endpoints::right(path, request.method())).unwrap_or(otherwise)
}

/// Refuses a request before it is looked at, and leaves a trace of it.
pub(super) fn turned_away(state: &AdminState, request: &Request, problem: Problem) -> Response {
    if let Some(refusal) = problem.refusal() {
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
        state.control.turned_away(refusal, from.map(|ConnectInfo(from)| from.ip()));
    }
    problem.into_response()
}

/// Whether a request of this method may change something.
pub(super) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request carries this token. Compared in constant time, so that the time of the answer says nothing of how
/// much of it was right.
pub(super) fn bears(headers: &HeaderMap, token: &Secret) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let Some((scheme, given)) = value.and_then(|value| value.split_at_checked(b"bearer ".len())) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(given.ct_eq(token.expose().as_bytes()))
}

/// Whether a request carries one of the tokens there are.
pub(super) fn bears_any(headers: &HeaderMap, admin: &AdminConfig) -> bool {
    [&admin.token, &admin.feedback_token].into_iter().flatten().any(|token| bears(headers, token))
}
