//! What happens before a message is read: the API key. Only the health checks do without it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::HeaderMap;
use tonic::Status;
use tonic::body::BoxBody;
use tower::{Layer, Service};

const OPEN: [&str; 2] = ["/qdrant.Qdrant/HealthCheck", "/grpc.health.v1.Health/Check"];

/// Puts a [`Gate`] before each service.
#[derive(Clone)]
pub(super) struct GateLayer {
    key: Option<Arc<str>>,
}

impl GateLayer {
    pub(super) fn new(key: Option<&str>) -> Self {
        Self { key: key.map(Into::into) }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, key: self.key.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Gate<S> {
    inner: S,
    key: Option<Arc<str>>,
}

impl<S> Gate<S> {
    fn refusal(&self, path: &str, headers: &HeaderMap) -> Option<Status> {
        let key = self.key.as_deref()?;
        if OPEN.contains(&path) {
            return None;
        }
        match given_key(headers) {
            Some(given) if given == key => None,
            Some(_) => Some(Status::unauthenticated("Invalid API key or JWT")),
            None => Some(Status::unauthenticated("Must provide an API key or an Authorization bearer token")),
        }
    }
}

/// `api-key` wins even when it is wrong and a bearer token would be right.
fn given_key(headers: &HeaderMap) -> Option<&str> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    header("api-key").or_else(|| header("authorization").and_then(|value| value.strip_prefix("Bearer ")))
}

impl<S, B> Service<http::Request<B>> for Gate<S>
where
    S: Service<http::Request<B>, Response = http::Response<BoxBody>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        match self.refusal(request.uri().path(), request.headers()) {
            Some(status) => Box::pin(std::future::ready(Ok(status.into_http()))),
            None => Box::pin(self.inner.call(request)),
        }
    }
}
