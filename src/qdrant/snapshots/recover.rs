//! A new collection out of a snapshot.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Method};
use serde_json::json;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::snapshot_path;
use super::transfer::{TransferFailed, check, checksum};
use crate::qdrant::client::{Asked, collection_path, operation};
use crate::qdrant::failure::FailureKind;
use crate::qdrant::{Client, Failure};
use crate::upstream::Body;

/// Where a snapshot is.
#[derive(Clone, Debug)]
pub enum SnapshotSource {
    /// Qdrant fetches it: `http(s)://…`, or `file://…` below the node's own snapshot folder.
    Location(String),
    /// Qdrant fetches it from an upstream of ours, with that upstream's key.
    Upstream { client: Client, collection: String, snapshot: String },
    /// Sent from this machine.
    File(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum RecoverFailed {
    /// Nothing was sent.
    #[error("`{name}` is the name of {what}; a snapshot is recovered into a new collection only")]
    Taken { name: String, what: &'static str },
    #[error(transparent)]
    Transfer(#[from] TransferFailed),
}

impl From<Failure> for RecoverFailed {
    fn from(failure: Failure) -> Self {
        Self::Transfer(failure.into())
    }
}

impl Client {
    /// Makes the collection `name` of a snapshot, with its configuration, indexes and points. Read fan-out is not in
    /// snapshots. `checksum` is checked here for a file and by Qdrant in any case.
    ///
    /// # Errors
    /// When the name is taken, or when the recovery fails or is not done within `patience`; it may still go on then.
    pub async fn recover_snapshot(
        &self,
        name: &str,
        source: &SnapshotSource,
        checksum: Option<&str>,
        patience: Duration,
    ) -> Result<(), RecoverFailed> {
        let unknown = |reason: String| self.failed("recover", FailureKind::Precondition(reason));
        let listing = self.list().await.map_err(|failed| unknown(format!("whether `{name}` is free cannot be known: {failed}")))?;
        if listing.collections.contains(name) {
            return Err(RecoverFailed::Taken { name: name.to_owned(), what: "a collection" });
        }
        // Through an alias the snapshot would replace what the alias points at.
        if listing.aliases.contains_key(name) {
            return Err(RecoverFailed::Taken { name: name.to_owned(), what: "an alias" });
        }
        match source {
            SnapshotSource::File(path) => self.upload(name, path, checksum, patience).await,
            SnapshotSource::Location(location) => self.recover_from(name, location, None, checksum, patience).await,
            SnapshotSource::Upstream { client, collection, snapshot } => {
                let from = &client.access().rest;
                let location = format!("{}://{from}{}", from.scheme(), snapshot_path(collection, snapshot));
                self.recover_from(name, &location, client.access().api_key.as_ref(), checksum, patience).await
            }
        }
    }

    async fn recover_from(
        &self,
        name: &str,
        location: &str,
        key: Option<&HeaderValue>,
        checksum: Option<&str>,
        patience: Duration,
    ) -> Result<(), RecoverFailed> {
        // The only copy there is decides; by the default priority an empty replica would win.
        let mut body = json!({"location": location, "priority": "snapshot"});
        if let Some(checksum) = checksum {
            body["checksum"] = json!(checksum);
        }
        if let Some(key) = key.and_then(|key| key.to_str().ok()) {
            body["api_key"] = json!(key);
        }
        let path = collection_path(name, "/snapshots/recover?wait=true");
        let done: bool = self.call_raw(Method::PUT, &path, Some(body.to_string().into()), patience).await?;
        self.told(done, &operation(&Method::PUT, &path))
    }

    async fn upload(&self, name: &str, file: &PathBuf, expected: Option<&str>, patience: Duration) -> Result<(), RecoverFailed> {
        let at = |source| TransferFailed::File { path: file.clone(), source };
        let found = checksum(file).await.map_err(at)?;
        check(file, expected, &found)?;
        let opened = File::open(file).await.map_err(at)?;
        let length = opened.metadata().await.map_err(at)?.len();
        let (form, body) = form(opened, length);
        let path = collection_path(name, &format!("/snapshots/upload?wait=true&priority=snapshot&checksum={found}"));
        let operation = operation(&Method::POST, &path);
        let answer = self.send(Asked::new(Method::POST, &path).with(form, body), &operation, patience).await?;
        let done: bool = self.result(answer, &operation, patience).await?;
        self.told(done, &operation)
    }

    fn told(&self, done: bool, operation: &str) -> Result<(), RecoverFailed> {
        if done {
            return Ok(());
        }
        Err(self.failed(operation, FailureKind::Unreadable("the recovery was answered with `false`".to_owned())).into())
    }
}

/// A form of one field, `snapshot`, with the file in it: its content type, and the body.
fn form(file: File, length: u64) -> (HeaderValue, Body) {
    // Nothing in a snapshot is as unlikely as a random text of this length.
    let boundary = format!("pointsman-{}", ulid::Ulid::generate());
    let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"snapshot\"; filename=\"snapshot\"\r\n\r\n");
    let tail = format!("\r\n--{boundary}--\r\n");
    let whole = head.len() as u64 + length + tail.len() as u64;
    let edge = |text: String| stream::iter([Ok(Bytes::from(text))]);
    let pieces = edge(head).chain(ReaderStream::new(file)).chain(edge(tail));
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    (content_type.expect("a boundary of letters and digits"), Body::stream(pieces, whole))
}
