//! What every request passes before a handler sees it: the path made plain, the key, the log, the faults.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;

use super::answer;
use crate::Shared;
use crate::faults::{ConnectionFault, Plan, SlowBody};
use crate::net::Scissors;
use crate::requests::Protocol;

/// Paths that need no key.
const OPEN_PATHS: [&str; 4] = ["/", "/healthz", "/livez", "/readyz"];
/// Paths that are the sandbox's own: no faults, no log, or there would be no way to end a fault.
const OWN_PATHS: &str = "/sandbox";

/// Merges repeated slashes and drops trailing ones, as Qdrant does before it matches.
pub(super) fn normalize(request: &mut Request) {
    let path = request.uri().path();
    if !path.contains("//") && (path.len() <= 1 || !path.ends_with('/')) {
        return;
    }
    let mut plain = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        plain.push('/');
        plain.push_str(segment);
    }
    if plain.is_empty() {
        plain.push('/');
    }
    if let Some(query) = request.uri().query() {
        plain.push('?');
        plain.push_str(query);
    }
    // A path that was legal stays legal without some of its slashes.
    if let Ok(uri) = plain.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

/// The answer to what is not there.
pub(super) fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// Qdrant compresses answers of any size; snapshots are archives already, and resumable only as they are.
pub(super) fn compressible(_status: StatusCode, _version: Version, headers: &HeaderMap, _extensions: &Extensions) -> bool {
    headers.get(header::CONTENT_TYPE) != Some(&HeaderValue::from_static("application/octet-stream"))
}

/// The gate itself.
pub(super) async fn pass(State(shared): State<Shared>, matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(OWN_PATHS) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let requested = collection_of(&mut parts).await;
    let request = Request::from_parts(parts, body);
    let path = request.uri().path();
    let resolved = requested.as_deref().and_then(|name| shared.store.resolve(name));
    let pattern = matched.as_ref().map_or(path, MatchedPath::as_str);
    let operation = format!("{} {pattern}", request.method());
    let number = shared.log.begin(Protocol::Rest, &operation, path, (requested.clone(), resolved.clone()), request.headers());
    let response = if !OPEN_PATHS.contains(&path)
        && let Err(why) = shared.admits(request.headers())
    {
        (StatusCode::UNAUTHORIZED, why).into_response()
    } else {
        let plan = shared.faults.plan(requested.as_deref(), resolved.as_deref());
        suffer(plan, request, next).await
    };
    shared.log.finish(number, response.status().as_u16());
    response
}

/// The collection or alias in the path, if there is one that can be read.
async fn collection_of(parts: &mut Parts) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let mut pairs = params.iter();
    pairs.find(|(key, _)| *key == "name").map(|(_, name)| name.to_owned())
}

async fn suffer(plan: Plan, request: Request, next: Next) -> Response {
    let began = Instant::now();
    if !plan.delay.is_zero() {
        tokio::time::sleep(plan.delay).await;
    }
    if let Some(fault) = plan.connection {
        return cut(fault, request).await;
    }
    if let Some(error) = plan.error {
        return answer::injected(&error, began.elapsed());
    }
    let response = next.run(request).await;
    match plan.slow_body {
        None => response,
        Some(slow) => slowed(response, slow),
    }
}

/// Never answers: a cut connection takes the handler with it.
async fn cut(fault: ConnectionFault, request: Request) -> Response {
    if let Some(scissors) = request.extensions().get::<Scissors>() {
        match fault {
            ConnectionFault::Close => scissors.close(),
            ConnectionFault::Reset => scissors.reset(),
            ConnectionFault::Stall => {}
        }
    }
    std::future::pending().await
}

fn slowed(response: Response, slow: SlowBody) -> Response {
    let (mut head, body) = response.into_parts();
    // The length is the same, but an answer in pieces is more of a trial without it.
    head.headers.remove(header::CONTENT_LENGTH);
    // The compression above asks once more after the end; a bare `unfold` must not be.
    let pieces = stream::unfold(Pieces::Whole(body), move |pieces| next_piece(pieces, slow)).fuse();
    Response::from_parts(head, Body::from_stream(pieces))
}

enum Pieces {
    Whole(Body),
    Rest(Bytes),
}

async fn next_piece(pieces: Pieces, slow: SlowBody) -> Option<(Result<Bytes, axum::Error>, Pieces)> {
    let mut rest = match pieces {
        Pieces::Whole(body) => match body.collect().await {
            Ok(whole) => whole.to_bytes(),
            Err(why) => return Some((Err(why), Pieces::Rest(Bytes::new()))),
        },
        Pieces::Rest(rest) => {
            tokio::time::sleep(Duration::from_millis(slow.delay_ms)).await;
            rest
        }
    };
    if rest.is_empty() {
        return None;
    }
    let piece = rest.split_to(slow.chunk_bytes.min(rest.len()));
    Some((Ok(piece), Pieces::Rest(rest)))
}
