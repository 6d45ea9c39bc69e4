//! Snapshots of collections: made, listed, fetched, deleted, and brought back as new collections.
//!
//! Called by `control` for backups and before deletions. Recovering *into* an existing collection is not offered: Qdrant
//! replaces its data, through an alias too, and the old ones are gone.

mod recover;
mod retention;
mod transfer;

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};

use super::client::{collection_path, segment};
use super::{Client, Failure};

pub use recover::{RecoverFailed, SnapshotSource};
pub use retention::snapshots_to_delete;
pub use transfer::{Downloaded, TransferFailed};

/// A snapshot as its node lists it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Snapshot {
    pub name: String,
    /// UTC, without a zone.
    #[serde(default)]
    pub creation_time: Option<String>,
    pub size: u64,
    /// SHA-256, in hexadecimal.
    #[serde(default)]
    pub checksum: Option<String>,
}

impl Client {
    /// Takes a snapshot and waits for it, as long as `patience`: it takes as long as the collection is large.
    ///
    /// # Errors
    /// When it fails or is not done in time; it may still be done later.
    pub async fn create_snapshot(&self, collection: &str, patience: Duration) -> Result<Snapshot, Failure> {
        self.call_raw(Method::POST, &collection_path(collection, "/snapshots?wait=true"), None, patience).await
    }

    /// The snapshots on the node that answers.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn list_snapshots(&self, collection: &str) -> Result<Vec<Snapshot>, Failure> {
        self.get(&collection_path(collection, "/snapshots")).await
    }

    /// Deletes a snapshot; one that is not there is deleted already.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub async fn delete_snapshot(&self, collection: &str, snapshot: &str) -> Result<(), Failure> {
        let outcome = self.call::<bool>(Method::DELETE, &format!("{}?wait=true", snapshot_path(collection, snapshot)), None).await;
        match outcome {
            Err(failure) if failure.is_not_found() => Ok(()),
            outcome => outcome.map(|_| ()),
        }
    }
}

fn snapshot_path(collection: &str, snapshot: &str) -> String {
    format!("{}/{}", collection_path(collection, "/snapshots"), segment(snapshot))
}
