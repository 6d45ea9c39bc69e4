//! Snapshots between a node and a file, as a stream and with their checksums.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::snapshot_path;
use crate::qdrant::client::{Asked, operation};
use crate::qdrant::failure::FailureKind;
use crate::qdrant::{Client, Failure};

/// A snapshot in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    pub bytes: u64,
    /// SHA-256 of what was written, in hexadecimal.
    pub checksum: String,
}

#[derive(Debug, thiserror::Error)]
pub enum TransferFailed {
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: the checksum is {found}, not {expected}", path.display())]
    Checksum { path: PathBuf, expected: String, found: String },
}

impl Client {
    /// Fetches a snapshot into a file. The file appears when it is whole and its checksum is right, not before.
    ///
    /// # Errors
    /// When it cannot be fetched within `patience`, written, or is not what the node says it is.
    pub async fn download_snapshot(
        &self,
        collection: &str,
        snapshot: &str,
        expected: Option<&str>,
        to: &Path,
        patience: Duration,
    ) -> Result<Downloaded, TransferFailed> {
        let path = snapshot_path(collection, snapshot);
        let fetching = self.fetch(&path, expected, to, patience);
        let outcome = tokio::time::timeout(patience, fetching).await;
        outcome.unwrap_or_else(|_| Err(self.failed(&operation(&Method::GET, &path), FailureKind::Timeout(patience)).into()))
    }

    async fn fetch(&self, path: &str, expected: Option<&str>, to: &Path, patience: Duration) -> Result<Downloaded, TransferFailed> {
        let at = |source| TransferFailed::File { path: to.to_owned(), source };
        let operation = operation(&Method::GET, path);
        let mut answer = self.send(Asked::new(Method::GET, path), &operation, patience).await?;
        // Beside its place, so that the last step is a renaming within one file system.
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let (file, temporary) = NamedTempFile::new_in(folder).map_err(at)?.into_parts();
        let mut file = File::from_std(file);
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        while let Some(piece) = answer.chunk().await.map_err(|error| self.broken(&error, &operation, patience))? {
            hash.update(&piece);
            bytes += piece.len() as u64;
            file.write_all(&piece).await.map_err(at)?;
        }
        file.sync_all().await.map_err(at)?;
        let checksum = hex(&hash.finalize());
        check(to, expected, &checksum)?;
        temporary.persist(to).map_err(|error| at(error.error))?;
        Ok(Downloaded { bytes, checksum })
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(super) async fn checksum(path: &Path) -> io::Result<String> {
    const PIECE: usize = 64 << 10;
    let mut file = File::open(path).await?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece).await? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
}

pub(super) fn check(path: &Path, expected: Option<&str>, found: &str) -> Result<(), TransferFailed> {
    match expected {
        Some(expected) if !expected.eq_ignore_ascii_case(found) => {
            Err(TransferFailed::Checksum { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() })
        }
        _ => Ok(()),
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
