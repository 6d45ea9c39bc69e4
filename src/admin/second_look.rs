//! Another replica may have created something a moment ago. Before a reader is told that a resource is not there, this replica
//! takes over what is in the store, and answers once more.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use super::AdminState;

/// What marks an answer that another replica's change may make wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missed;

pub(super) async fn look_twice(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::empty());
    let first = next.clone().run(Request::from_parts(parts, body)).await;
    if first.extensions().get::<Missed>().is_none() || state.control.look_again().await.is_err() {
        return first;
    }
    next.run(again).await
}
