//! What a retirement asks for: a collection's last snapshot, and its deletion. Each is one request.
//!
//! Nothing is checked here, and no listing is asked for: whether a collection may go is `control`'s to know.

use std::time::Duration;

use http::Method;
use serde::Deserialize;

use super::client::collection_path;
use super::{Client, Failure};

/// A deletion waits for the cluster's consent; large collections take their time on slow disks.
const DELETION_PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// Deletes a collection, and with it, in Qdrant, every alias that points at it. Qdrant takes the name literally: an
    /// alias is not followed. One that is not there is deleted already.
    ///
    /// # Errors
    /// When the deletion was refused, or no answer says that it was made.
    pub async fn delete_collection(&self, collection: &str) -> Result<(), Failure> {
        let path = collection_path(collection, &format!("?timeout={}", DELETION_PATIENCE.as_secs()));
        let outcome = self.call_raw::<bool>(Method::DELETE, &path, None, DELETION_PATIENCE + self.timeout()).await;
        match outcome {
            Err(failure) if failure.is_not_found() => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Takes a snapshot on the server and says its name. It takes as long as the collection is large.
    ///
    /// # Errors
    /// When it failed or was not done within `patience`; it may still be done later.
    pub async fn last_snapshot(&self, collection: &str, patience: Duration) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Snapshot {
            name: String,
        }
        let path = collection_path(collection, "/snapshots?wait=true");
        let snapshot: Snapshot = self.call_raw(Method::POST, &path, None, patience).await?;
        Ok(snapshot.name)
    }
}
