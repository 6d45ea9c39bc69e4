//! One look at each protocol of an upstream, for `pointsman check --connect`. Unlike a listing, neither stands in for the other.

use qdrant_client::qdrant::HealthCheckRequest;
use qdrant_client::qdrant::qdrant_client::QdrantClient;
use tonic::service::interceptor::InterceptedService;

use super::channel::ApiKey;
use super::{Client, Failure, Listing, ListingFailed, lister};

/// What an upstream said of itself over one protocol.
#[derive(Clone, Debug)]
pub struct Reached {
    pub version: String,
    /// What the key may list.
    pub listing: Listing,
}

impl Client {
    /// # Errors
    /// When the REST port does not answer as Qdrant does, or refuses the key.
    pub async fn reach_over_rest(&self) -> Result<Reached, Failure> {
        Ok(Reached { version: self.version().await?, listing: self.list_over_rest().await? })
    }

    /// # Errors
    /// When the gRPC port does not answer as Qdrant does, or refuses the key.
    pub async fn reach_over_grpc(&self) -> Result<Reached, ListingFailed> {
        let connection = self.grpc();
        let authority = connection.endpoint.authority.to_string();
        let channel =
            connection.open().map_err(|error| ListingFailed::Address { authority: authority.clone(), reason: error.to_string() })?;
        let asked = async {
            let intercepted = InterceptedService::new(channel.clone(), ApiKey(connection.api_key.clone()));
            let health = QdrantClient::new(intercepted).health_check(HealthCheckRequest {}).await?;
            let listing = lister::ask(channel, connection.api_key).await?;
            Ok(Reached { version: health.into_inner().version, listing })
        };
        asked.await.map_err(|status| ListingFailed::refused(authority, &status))
    }
}
