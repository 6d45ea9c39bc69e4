//! Files beside the database, and what is said when one cannot be had.

use std::io;
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// `pointsman.db` and `-wal` make `pointsman.db-wal`, as SQLite names its companions.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.display().to_string();
    move |source| OpenError::Io { path, action, source }
}
