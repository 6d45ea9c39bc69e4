//! `qdrant.Qdrant`: who is there.

use qdrant_client::qdrant::qdrant_server::Qdrant;
use qdrant_client::qdrant::{HealthCheckReply, HealthCheckRequest};
use tonic::{Request, Response, Status};

use super::call::Calls;
use crate::{QDRANT_VERSION, TITLE};

#[tonic::async_trait]
impl Qdrant for Calls {
    async fn health_check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckReply>, Status> {
        self.global("/qdrant.Qdrant/HealthCheck", request, |_, _| {
            Ok(HealthCheckReply { title: TITLE.to_owned(), version: QDRANT_VERSION.to_owned(), commit: None })
        })
        .await
    }
}
