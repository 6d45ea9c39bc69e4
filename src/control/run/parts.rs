//! What a status says of the listing, the store, the leader and the replicas; what needs a person is told from the same.

use schemars::JsonSchema;
use serde::Serialize;

use crate::qdrant::Protocol;

/// What lasts, and who shares it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreStatus {
    /// What this replica's table was built from.
    pub revision: u64,
    /// Why the store does not answer; then the two last are as they were never read.
    pub lost: Option<String>,
    /// This process.
    pub replica: String,
    pub controller: Option<ControllerStatus>,
    pub replicas: Vec<ReplicaStatus>,
}

/// Which replica leads.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ControllerStatus {
    pub replica: Option<String>,
    /// Grows by one whenever the lease changes hands.
    pub epoch: u64,
    pub here: bool,
    pub expires_in_seconds: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplicaStatus {
    pub replica: String,
    pub version: String,
    /// What its table was built from.
    pub revision: u64,
    /// How many revisions it is behind this one.
    pub lag: u64,
    /// Since it last reported.
    pub age_seconds: f64,
    /// Whether a rollout waits for it.
    pub live: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ListingStatus {
    /// Since the last listing that succeeded; none when there was none.
    pub age_seconds: Option<f64>,
    /// Since the process started.
    pub failures: u64,
    /// Of the last listing, when it failed.
    pub last_error: Option<String>,
    /// By which the last one was made: gRPC, or REST where gRPC cannot be reached.
    pub protocol: Protocol,
    pub aliases: usize,
    pub collections: usize,
}
