//! Files of the store: private, named after the database, and what is said when one cannot be had.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
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

/// What its owner alone may read and write: the store holds the key that signs decision tokens.
const PRIVATE: u32 = 0o600;

/// The same options for a file that is private from its first byte, if it is made by them.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(PRIVATE)
}

/// Writes a file that only its owner can read, in the place of the one that was there.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private(File::options().write(true).create(true).truncate(true)).open(path)?;
    // What is no regular file, such as a pipe, has no content to protect.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
    }
    file.write_all(text.as_bytes())
}

/// Takes away from group and others the access that an earlier version, or a copy of the file, gave them.
pub(super) fn tighten(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & !PRIVATE == 0 {
        return;
    }
    let file = path.display();
    match fs::set_permissions(path, Permissions::from_mode(mode & PRIVATE)) {
        Ok(()) => tracing::info!(%file, "others could use this file of the store, mode {mode:o}; now its owner alone can"),
        Err(error) => {
            tracing::warn!(%file, %error, "others can use this file of the store, mode {mode:o}, and that cannot be changed: run chmod 600 on it");
        }
    }
}
