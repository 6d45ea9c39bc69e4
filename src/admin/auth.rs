//! The bearer token that changes need where one is configured.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::AdminState;
use super::problem::{Kind, Problem};

/// Lets reads pass, and changes that carry the token.
pub(super) async fn require_token(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let plan = state.control.plan();
    match &plan.admin_token {
        Some(token) if !reading && !carries(request.headers(), token.expose().as_bytes()) => {
            Problem::new(Kind::Unauthorized, "changes need `Authorization: Bearer <admin.token>`").into_response()
        }
        _ => next.run(request).await,
    }
}

/// Compared in constant time, so that the answer's time says nothing of how much was right.
fn carries(headers: &HeaderMap, token: &[u8]) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let Some((scheme, given)) = value.and_then(|value| value.split_at_checked(b"bearer ".len())) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(given.ct_eq(token))
}
