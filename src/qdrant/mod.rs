//! What the control plane asks of Qdrant: lists and aliases over gRPC with the official client's generated services, or over REST
//! where gRPC cannot be reached; all else over REST (`client` says why).
//!
//! Called by `control` alone. Both protocols stand on connections of our own rather than on `qdrant_client::Qdrant`: that
//! one takes no certificate authority but the system's, and an upstream must be reached here with the very TLS settings
//! the data path uses. Every call is bounded in time; what cannot be known is an error and never an empty answer.

mod aliases;
mod channel;
mod client;
mod clone;
mod collections;
mod compatibility;
mod copy;
mod failure;
mod health;
mod lister;
mod naming;
mod outward;
mod over_rest;
mod points;
mod reach;
mod readiness;
mod retry;
mod schema;
mod snapshots;
mod validation;
mod verify;

pub use aliases::{AliasChanged, AliasFailed};
use channel::Connection;
pub use client::{Access, Client};
pub use clone::{CloneFailed, CloneRecord, CloneStep, Cloned, Created, OverrideFault, PlannedStep, Undone};
pub use compatibility::{Compatibility, Difference, Severity};
pub use copy::{Checkpoint, CopyFailed, CopyJob, CopySettings, Place, Progress, RangeCheckpoint, Refreshed};
pub(crate) use failure::whole;
pub use failure::{Code, Failure, FailureKind};
pub use health::Release;
pub use lister::{Lister, Listing, ListingFailed, Protocol, RestUntil};
pub use naming::{deployment_name, family, next_name};
pub(crate) use outward::outward;
pub use points::WriteMode;
pub use reach::Reached;
pub use readiness::{CollectionReadiness, NotReadyInTime, ReadyWhen};
pub use retry::Backoff;
pub use schema::{
    CollectionState, Description, Direction, Object, Params, PayloadIndex, ReplicaState, Schema, ShardKey, ShardKeySpec, SparseVector,
    Vector, Vectors,
};
pub use snapshots::{Downloaded, RecoverFailed, Snapshot, SnapshotSource, TransferFailed, snapshots_to_delete};
pub use validation::{
    Answer, EmbedFailed, Embedder, EmbedderSettings, Expectations, FailedExpectation, Hit, QueryResult, QuerySource, TopScore, Usual,
    Validated, Validation, ValidationQuery,
};
pub use verify::{DifferenceKind, PointDifference, Verification, VerifySettings};
