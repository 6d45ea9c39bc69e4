//! One look at each protocol of an upstream, for `pointsman check --connect`. Unlike a listing, neither stands in for the other.

use qdrant_client::qdrant::HealthCheckRequest;
use qdrant_client::qdrant::collections_client::CollectionsClient;
use qdrant_client::qdrant::qdrant_client::QdrantClient;

use super::{Client, Failure, Listing, ListingFailed, lister};
use crate::upstream::TargetFault;

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
        let authority = connection.endpoint.to_string();
        let unusable = |error: TargetFault| ListingFailed::Address { authority: authority.clone(), reason: error.to_string() };
        let (service, origin) = connection.service().map_err(unusable)?;
        let asked = async {
            let mut health = QdrantClient::with_origin(service.clone(), origin.clone());
            let health = health.health_check(HealthCheckRequest {}).await?;
            let listing = lister::ask(CollectionsClient::with_origin(service, origin)).await?;
            Ok(Reached { version: health.into_inner().version, listing })
        };
        asked.await.map_err(|status| ListingFailed::refused(authority, &status))
    }
}
