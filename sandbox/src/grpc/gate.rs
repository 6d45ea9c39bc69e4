//! What happens outside the services: the API key before a message is read, the slow body after it is answered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::suffering;
use crate::Shared;
use crate::faults::SlowBody;
use crate::requests::Protocol;

/// The health checks do without a key.
const OPEN: [&str; 2] = ["/qdrant.Qdrant/HealthCheck", "/grpc.health.v1.Health/Check"];

/// Services of a real server that the sandbox has not got; any other unknown path gets the empty text a real server gives.
const NOT_SERVED: [&str; 2] = ["/qdrant.StorageRead/", "/grpc.reflection."];

/// Puts a [`Gate`] before each service.
#[derive(Clone)]
pub(super) struct GateLayer {
    pub(super) shared: Shared,
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, shared: self.shared.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Gate<S> {
    inner: S,
    shared: Shared,
}

impl<S> Gate<S> {
    /// A refused request never reaches a service, so that it is logged here.
    fn refusal(&self, path: &str, headers: &HeaderMap) -> Option<Status> {
        let refusal = match self.shared.admits(headers) {
            Err(why) if !OPEN.contains(&path) => Status::unauthenticated(why),
            _ if NOT_SERVED.iter().any(|service| path.starts_with(service)) => {
                Status::unimplemented(format!("Not served by the sandbox: {path}"))
            }
            _ => return None,
        };
        let number = self.shared.log.begin(Protocol::Grpc, path, path, (None, None), headers);
        self.shared.log.finish(number, refusal.code() as u16);
        Some(refusal)
    }
}

impl<S, B> Service<http::Request<B>> for Gate<S>
where
    S: Service<http::Request<B>, Response = http::Response<Body>>,
    S::Error: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        if let Some(refusal) = self.refusal(request.uri().path(), request.headers()) {
            return Box::pin(std::future::ready(Ok(refusal.into_http())));
        }
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            Ok(match response.extensions().get::<SlowBody>().copied() {
                Some(slow) => response.map(|body| suffering::slowed(body, slow)),
                None => response,
            })
        })
    }
}
