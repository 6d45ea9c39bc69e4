//! gRPC to one upstream, built from the same endpoint the data path connects to. For listings and changes of aliases.

use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::rt::TokioIo;
use qdrant_client::qdrant::collections_client::CollectionsClient;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::failure::with_sources;
use crate::net::Io;
use crate::upstream::{ConnectError, Endpoint, TargetFault, dial};

/// What an upstream is asked by about its collections and aliases. Clones share a connection.
pub(super) type Collections = CollectionsClient<InterceptedService<Channel, ApiKey>>;

/// How one upstream is reached.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) endpoint: Endpoint,
    pub(super) api_key: Option<HeaderValue>,
    pub(super) connect_timeout: Duration,
    /// For one call, connecting included.
    pub(super) timeout: Duration,
}

impl Connection {
    /// A client that connects when it is first used. It puts the endpoint's prefix before the path of each call.
    ///
    /// # Errors
    /// When the endpoint does not make a URI.
    pub(super) fn open(&self) -> Result<Collections, TargetFault> {
        let (service, origin) = self.service()?;
        Ok(CollectionsClient::with_origin(service, origin))
    }

    /// What any client of this upstream sends its calls by, with the origin that it has to put before their paths.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn service(&self) -> Result<(InterceptedService<Channel, ApiKey>, Uri), TargetFault> {
        let origin = self.endpoint.root()?;
        // The channel itself is told "http": it would wrap an https address in TLS a second time.
        let address = Uri::builder().scheme("http").authority(self.endpoint.authority.clone()).path_and_query("/").build();
        let address = address.map_err(|error| TargetFault::Path(error.to_string()))?;
        let (endpoint, limit) = (self.endpoint.clone(), self.connect_timeout);
        let connect = tower::service_fn(move |_: Uri| open(endpoint.clone(), limit));
        let channel = Channel::builder(address).origin(origin.clone()).connect_timeout(limit).connect_with_connector_lazy(connect);
        Ok((InterceptedService::new(channel, ApiKey(self.api_key.clone())), origin))
    }
}

async fn open(endpoint: Endpoint, limit: Duration) -> Result<TokioIo<Io>, ConnectError> {
    dial(&endpoint, limit).await.map(TokioIo::new)
}

/// Puts the key into each call.
#[derive(Clone, Debug)]
pub(super) struct ApiKey(Option<HeaderValue>);

impl Interceptor for ApiKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(key) = &self.0 {
            let mut value = MetadataValue::try_from(key.as_bytes())
                .map_err(|_| Status::invalid_argument("the configured api_key is not printable ASCII and cannot be sent"))?;
            value.set_sensitive(true);
            request.metadata_mut().insert("api-key", value);
        }
        Ok(request)
    }
}

/// What a status says, with what really happened in the transport.
pub(super) fn reason(status: &Status) -> String {
    with_sources(status.message().to_owned(), status)
}
