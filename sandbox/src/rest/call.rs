//! A request as handlers see it: names, parameters and body, read by Qdrant's rules.

use std::collections::HashMap;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer;
use crate::Shared;
use crate::engine::{EngineError, EngineResult, Store, check_existing};

/// The largest JSON body, decoded: Qdrant's default.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// One request.
pub(super) struct Call {
    pub(super) began: Instant,
    /// The collection or alias in the path; empty where there is none.
    pub(super) name: String,
    pub(super) params: Params,
    segments: HashMap<String, String>,
    body: Bytes,
}

/// Query parameters that mean something to some call; others are ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Params {
    wait: Option<bool>,
    timeout: Option<u64>,
    pub(super) checksum: Option<String>,
}

impl Params {
    /// `wait` of point writes.
    pub(super) fn wait(&self) -> bool {
        self.wait.unwrap_or(false)
    }

    /// `wait` of snapshot calls, which wait unless told otherwise.
    pub(super) fn wait_by_default(&self) -> bool {
        self.wait.unwrap_or(true)
    }

    fn parse(query: &str) -> EngineResult<Self> {
        let params: Self = serde_urlencoded::from_str(query).map_err(|why| EngineError::unreadable("query parameters", why))?;
        if params.timeout == Some(0) {
            return Err(EngineError::validation("query parameters", "timeout", "value 0 invalid, must be 1 or larger"));
        }
        Ok(params)
    }
}

/// The parts of a request that come before its body.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) params: Params,
    pub(super) segments: HashMap<String, String>,
}

impl Head {
    pub(super) async fn read(parts: &mut Parts) -> EngineResult<Self> {
        let segments =
            RawPathParams::from_request_parts(parts, &()).await.map_err(|why| EngineError::unreadable("path parameters", why))?;
        let segments: HashMap<String, String> = segments.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let name = segments.get("name").cloned();
        if let Some(name) = &name {
            check_existing("path parameters", name)?;
        }
        Ok(Self { name: name.unwrap_or_default(), params: Params::parse(parts.uri.query().unwrap_or_default())?, segments })
    }
}

impl FromRequest<Shared> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &Shared) -> Result<Self, Response> {
        let began = Instant::now();
        let refuse = |error: EngineError| answer::failure(&error, began.elapsed());
        let (mut parts, body) = request.into_parts();
        let head = Head::read(&mut parts).await.map_err(refuse)?;
        let body = read(body).await.map_err(refuse)?;
        Ok(Self { began, name: head.name, params: head.params, segments: head.segments, body })
    }
}

/// Reads to the end even what is too much: a server that closes early makes the client see a reset instead of the reason.
async fn read(mut body: Body) -> EngineResult<Bytes> {
    let mut whole = BytesMut::new();
    let mut fits = true;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| EngineError::malformed("JSON body", why))?;
        if let Ok(data) = frame.into_data() {
            fits = fits && whole.len() + data.len() <= BODY_LIMIT;
            if fits {
                whole.extend_from_slice(&data);
            }
        }
    }
    if fits { Ok(whole.freeze()) } else { Err(EngineError::too_large(BODY_LIMIT)) }
}

impl Call {
    /// A segment of the path, percent-decoded.
    pub(super) fn segment(&self, key: &str) -> &str {
        self.segments.get(key).map_or("", String::as_str)
    }

    /// The body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> EngineResult<T> {
        serde_json::from_slice(&self.body).map_err(|why| EngineError::malformed("JSON body", why))
    }

    /// Runs a call on the store and answers with its result.
    pub(super) async fn answer<T: Serialize + Send + 'static>(
        self,
        shared: &Shared,
        run: impl FnOnce(&Store, &Self) -> EngineResult<T> + Send + 'static,
    ) -> Response {
        let began = self.began;
        // Parsing and writing the JSON of a large request takes as long as the engine does, so both happen over there.
        let response = shared.run(move |store| Ok(answer::respond(run(store, &self), began))).await;
        response.unwrap_or_else(|error| answer::failure(&error, began.elapsed()))
    }
}
