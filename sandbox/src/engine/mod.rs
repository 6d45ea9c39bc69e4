//! The engine: Qdrant's own, crate `qdrant-edge`, behind the calls a server makes.
//!
//! `Store` is the only way in, for REST and gRPC alike. Requests are typed and read Qdrant's JSON; answers are the
//! engine's own types, which each protocol writes in its own way.

mod collection;
mod config;
mod error;
mod formula;
mod groups;
mod inference;
mod legacy;
mod matrix;
mod names;
mod points;
mod query;
mod read;
mod recommend;
mod schema;
mod search;
mod snapshots;
mod store;
mod vectors;
mod write;

pub use collection::Collection;
pub use error::{EngineError, EngineResult, ErrorKind};
pub use groups::{GroupId, PointGroup};
pub use legacy::{
    DiscoverRequest, LegacyQuery, RecommendGroupsRequest, RecommendRequest, SearchGroupsRequest, SearchRequest, SearchVector,
};
pub use matrix::MatrixResult;
pub use names::{check_existing, check_new};
pub use points::{
    Batch, BatchVectors, DeletePayload, DeleteVectors, PointStruct, PointVectors, PointsSelector, SetPayload, UpdateOperation,
    UpdateVectors, UpsertPoints,
};
pub use query::{
    ContextPair, Decay, DiscoverInput, Expression, FeedbackItem, FeedbackStrategy, Fusion, GroupsRequest, LookupLocation, MatrixRequest,
    Mmr, Query, QueryInterface, QueryRequest, RecommendInput, RecommendStrategy, RelevanceFeedback, Rrf, Sample, Term, VectorInput,
    WithLookup,
};
pub use read::RetrieveRequest;
pub use schema::{
    AliasAction, AliasDescription, CollectionConfig, CollectionInfo, CollectionParams, CollectionStatus, CreateCollection, Diff,
    OptimizersConfig, OptimizersStatus, SparseIndexParams, SparseVectorParams, UpdateCollection, UpdateQueueInfo, VectorParams,
    VectorsConfig, WalConfig,
};
pub use snapshots::SnapshotDescription;
pub use store::Store;
pub use vectors::{ForeignInput, VectorValue, VectorsValue};
pub use write::{CreateFieldIndex, CreateVectorName, UpdateResult, UpdateStatus};
