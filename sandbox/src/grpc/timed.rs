//! The `time` field that almost every answer has: seconds the server took.

use qdrant_client::qdrant as q;

pub(super) trait Timed {
    fn timed(self, seconds: f64) -> Self;
}

macro_rules! timed {
    ($($message:ident),*) => {$(
        impl Timed for q::$message {
            fn timed(mut self, seconds: f64) -> Self {
                self.time = seconds;
                self
            }
        }
    )*};
}

timed!(
    GetCollectionInfoResponse,
    ListCollectionsResponse,
    CollectionOperationResponse,
    CollectionExistsResponse,
    ListAliasesResponse,
    PointsOperationResponse,
    UpdateBatchResponse,
    GetResponse,
    ScrollResponse,
    CountResponse,
    FacetResponse,
    SearchMatrixPairsResponse,
    SearchMatrixOffsetsResponse,
    SearchResponse,
    SearchBatchResponse,
    SearchGroupsResponse,
    RecommendResponse,
    RecommendBatchResponse,
    RecommendGroupsResponse,
    DiscoverResponse,
    DiscoverBatchResponse,
    QueryResponse,
    QueryBatchResponse,
    QueryGroupsResponse,
    CreateSnapshotResponse,
    ListSnapshotsResponse,
    DeleteSnapshotResponse,
    ListShardKeysResponse
);

/// Answers without the field.
macro_rules! untimed {
    ($($message:ident),*) => {$(
        impl Timed for q::$message {
            fn timed(self, _: f64) -> Self {
                self
            }
        }
    )*};
}

untimed!(
    CollectionClusterInfoResponse,
    UpdateCollectionClusterSetupResponse,
    CreateShardKeyResponse,
    DeleteShardKeyResponse,
    HealthCheckReply
);
