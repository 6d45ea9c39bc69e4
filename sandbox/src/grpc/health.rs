//! `grpc.health.v1.Health` with `Check` alone, as Qdrant serves it: whoever answers is serving, whatever service is asked about.
//!
//! Written by hand because the ready-made service also has `Watch`, which a real server does not know.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::call::Calls;
use super::timed::Timed;

const CHECK: &str = "/grpc.health.v1.Health/Check";

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HealthCheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum ServingStatus {
    Unknown = 0,
    Serving = 1,
}

impl Timed for HealthCheckResponse {
    fn timed(self, _: f64) -> Self {
        self
    }
}

/// The service as the router mounts it.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) calls: Calls,
}

impl NamedService for Health {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl UnaryService<HealthCheckRequest> for Health {
    type Response = HealthCheckResponse;
    type Future = Boxed<Result<Response<HealthCheckResponse>, Status>>;

    fn call(&mut self, request: Request<HealthCheckRequest>) -> Self::Future {
        let calls = self.calls.clone();
        Box::pin(
            async move { calls.global(CHECK, request, |_, _| Ok(HealthCheckResponse { status: ServingStatus::Serving.into() })).await },
        )
    }
}

impl tower::Service<http::Request<Body>> for Health {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Boxed<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            if request.uri().path() != CHECK {
                return Ok(Status::unimplemented("").into_http());
            }
            let grpc = Grpc::new(ProstCodec::default());
            let mut grpc = grpc.accept_compressed(CompressionEncoding::Gzip).send_compressed(CompressionEncoding::Gzip);
            Ok(grpc.unary(service, request).await)
        })
    }
}
