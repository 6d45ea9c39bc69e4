//! A Qdrant that can do nothing but list, and fail to, on a real socket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ::qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use ::qdrant_client::qdrant::*;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::config::Config;
use crate::qdrant::Listing;

#[derive(Clone)]
pub(crate) struct FakeQdrant {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    listing: Mutex<Result<Listing, Status>>,
    /// The `api-key` of the last call.
    key: Mutex<Option<String>>,
    /// How many listings have begun.
    begun: watch::Sender<usize>,
    /// A listing that has begun ends when it gets one of these.
    gate: Semaphore,
}

/// Permits enough for any test that does not hold listings back.
const OPEN: usize = 1 << 20;

impl FakeQdrant {
    /// Answers every listing at once.
    pub(crate) async fn start(listing: Listing) -> Self {
        let fake = Self::start_closed(listing).await;
        fake.release(OPEN);
        fake
    }

    /// Answers every listing at once, over TLS, with a certificate that only its own file `authority` vouches for.
    pub(crate) async fn start_tls(listing: Listing, authority: &std::path::Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("an address makes a certificate");
        std::fs::write(authority, made.cert.pem()).expect("the directory is the test's own");
        let identity = Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem());
        let server = Server::builder().tls_config(ServerTlsConfig::new().identity(identity)).expect("the key belongs to the certificate");
        let fake = Self::serve(listing, server).await;
        fake.release(OPEN);
        fake
    }

    /// Holds each listing back until it is released.
    pub(crate) async fn start_closed(listing: Listing) -> Self {
        Self::serve(listing, Server::builder()).await
    }

    async fn serve(listing: Listing, mut server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            listing: Mutex::new(Ok(listing)),
            key: Mutex::default(),
            begun: watch::Sender::new(0),
            gate: Semaphore::new(0),
        });
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let service = CollectionsServer::new(Service(Arc::clone(&shared)));
        tokio::spawn(server.add_service(service).serve_with_incoming(incoming));
        Self { address, shared }
    }

    /// The configuration of a Pointsman in front of it.
    pub(crate) fn config(&self) -> Config {
        let mut config = super::config();
        let upstream = config.upstreams.get_mut("default").expect("the default configuration has it");
        upstream.grpc_url = format!("http://{}", self.address).parse().expect("an address makes a URL");
        config
    }

    pub(crate) fn set(&self, listing: Result<Listing, Status>) {
        *self.shared.listing.lock().unwrap_or_else(PoisonError::into_inner) = listing;
    }

    pub(crate) fn release(&self, listings: usize) {
        self.shared.gate.add_permits(listings);
    }

    pub(crate) fn key(&self) -> Option<String> {
        self.shared.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns when that many listings have begun.
    pub(crate) async fn begun(&self, count: usize) {
        self.shared.begun.subscribe().wait_for(|begun| *begun >= count).await.expect("the sender lives as long as the fake");
    }
}

struct Service(Arc<Shared>);

impl Service {
    fn listing(&self) -> Result<Listing, Status> {
        self.0.listing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn unserved<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("nobody asks this in the tests"))
}

#[tonic::async_trait]
impl Collections for Service {
    async fn list_aliases(&self, request: Request<ListAliasesRequest>) -> Result<Response<ListAliasesResponse>, Status> {
        let key = request.metadata().get("api-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        *self.0.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
        // What is answered is what was true when the listing began.
        let listing = self.listing();
        self.0.begun.send_modify(|begun| *begun += 1);
        self.0.gate.acquire().await.expect("the gate is never closed").forget();
        let description = |(alias_name, collection_name)| AliasDescription { alias_name, collection_name };
        Ok(Response::new(ListAliasesResponse { aliases: listing?.aliases.into_iter().map(description).collect(), time: 0.0 }))
    }

    async fn list(&self, _: Request<ListCollectionsRequest>) -> Result<Response<ListCollectionsResponse>, Status> {
        let collections = self.listing()?.collections.into_iter().map(|name| CollectionDescription { name }).collect();
        Ok(Response::new(ListCollectionsResponse { collections, time: 0.0 }))
    }

    async fn get(&self, _: Request<GetCollectionInfoRequest>) -> Result<Response<GetCollectionInfoResponse>, Status> {
        unserved()
    }

    async fn create(&self, _: Request<CreateCollection>) -> Result<Response<CollectionOperationResponse>, Status> {
        unserved()
    }

    async fn update(&self, _: Request<UpdateCollection>) -> Result<Response<CollectionOperationResponse>, Status> {
        unserved()
    }

    async fn delete(&self, _: Request<DeleteCollection>) -> Result<Response<CollectionOperationResponse>, Status> {
        unserved()
    }

    async fn update_aliases(&self, _: Request<ChangeAliases>) -> Result<Response<CollectionOperationResponse>, Status> {
        unserved()
    }

    async fn list_collection_aliases(&self, _: Request<ListCollectionAliasesRequest>) -> Result<Response<ListAliasesResponse>, Status> {
        unserved()
    }

    async fn collection_cluster_info(
        &self,
        _: Request<CollectionClusterInfoRequest>,
    ) -> Result<Response<CollectionClusterInfoResponse>, Status> {
        unserved()
    }

    async fn collection_exists(&self, _: Request<CollectionExistsRequest>) -> Result<Response<CollectionExistsResponse>, Status> {
        unserved()
    }

    async fn update_collection_cluster_setup(
        &self,
        _: Request<UpdateCollectionClusterSetupRequest>,
    ) -> Result<Response<UpdateCollectionClusterSetupResponse>, Status> {
        unserved()
    }

    async fn create_shard_key(&self, _: Request<CreateShardKeyRequest>) -> Result<Response<CreateShardKeyResponse>, Status> {
        unserved()
    }

    async fn delete_shard_key(&self, _: Request<DeleteShardKeyRequest>) -> Result<Response<DeleteShardKeyResponse>, Status> {
        unserved()
    }

    async fn list_shard_keys(&self, _: Request<ListShardKeysRequest>) -> Result<Response<ListShardKeysResponse>, Status> {
        unserved()
    }
}
