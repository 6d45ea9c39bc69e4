//! A sandbox with a client, and a small collection, for the gRPC tests.

use std::error::Error;
use std::time::Duration;

use pointsman_sandbox::{Sandbox, SandboxOptions};
use qdrant_client::qdrant::points_client::PointsClient;
use qdrant_client::qdrant::{CreateCollectionBuilder, Distance, PointStruct, UpsertPointsBuilder, VectorParamsBuilder};
use qdrant_client::{Payload, Qdrant, QdrantError};
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Status};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Qdrant,
}

impl House {
    pub(crate) async fn open() -> Result<Self, Box<dyn Error>> {
        Self::with(SandboxOptions::default()).await
    }

    pub(crate) async fn with(options: SandboxOptions) -> Result<Self, Box<dyn Error>> {
        let key = options.api_key.clone();
        let sandbox = Sandbox::start(options).await?;
        let url = sandbox.grpc_url().ok_or("gRPC is on by default")?;
        Ok(Self { sandbox, client: client(&url, key)? })
    }

    /// A channel below the client, for what the client hides.
    pub(crate) async fn channel(&self) -> Result<Channel, Box<dyn Error>> {
        let url = self.sandbox.grpc_url().ok_or("gRPC is on by default")?;
        Ok(Channel::from_shared(url)?.connect().await?)
    }

    pub(crate) async fn points(&self) -> Result<PointsClient<Channel>, Box<dyn Error>> {
        Ok(PointsClient::new(self.channel().await?))
    }

    /// Six points on a line in two dimensions; the even ones are red, the odd ones blue.
    pub(crate) async fn furnish(&self, name: &str) -> Outcome {
        let vectors = VectorParamsBuilder::new(2, Distance::Euclid);
        self.client.create_collection(CreateCollectionBuilder::new(name).vectors_config(vectors)).await?;
        self.client.upsert_points(UpsertPointsBuilder::new(name, (0..6).map(point).collect::<Vec<_>>()).wait(true)).await?;
        Ok(())
    }
}

/// Patient: its own limit of 5 s is not for busy machines.
pub(crate) fn client(url: &str, key: Option<String>) -> Result<Qdrant, QdrantError> {
    const PATIENCE: Duration = Duration::from_secs(60);
    Qdrant::from_url(url).api_key(key).timeout(PATIENCE).connect_timeout(PATIENCE).skip_compatibility_check().build()
}

pub(crate) fn point(number: u16) -> PointStruct {
    let colour = if number.is_multiple_of(2) { "red" } else { "blue" };
    let payload = Payload::try_from(json!({"colour": colour, "number": number})).expect("an object is a payload");
    PointStruct::new(u64::from(number), vec![f32::from(number), 0.0], payload)
}

/// The status a call failed with.
pub(crate) fn failure<T: std::fmt::Debug>(result: Result<T, QdrantError>) -> (Code, String) {
    match result {
        Err(QdrantError::ResponseError { status }) => told(&status),
        other => panic!("expected a status, got {other:?}"),
    }
}

pub(crate) fn told(status: &Status) -> (Code, String) {
    (status.code(), status.message().to_owned())
}
