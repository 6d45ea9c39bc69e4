//! One process a file.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::OpenError;
use super::files::{beside, failed, private};

/// Held as long as the store is open; the system lets go of it when the process ends, however it ends.
///
/// It is a file beside the database, never the database itself: closing any handle of that would drop SQLite's own locks.
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let at = beside(path, ".lock");
        let opened = private(File::options().read(true).write(true).create(true).truncate(false)).open(&at);
        let mut file = opened.map_err(failed(&at, "cannot be opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.display().to_string(), by: written(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(failed(&at, "cannot be locked")(error)),
        }
        // For the one who is refused.
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        noted.map_err(failed(&at, "cannot be written"))?;
        Ok(Self { _file: file })
    }

    /// The process that has the store, if one has. Takes nothing: the lock is let go of at once.
    pub(super) fn holder(path: &Path) -> Option<String> {
        let mut file = File::open(beside(path, ".lock")).ok()?;
        matches!(file.try_lock(), Err(TryLockError::WouldBlock)).then(|| written(&mut file))
    }
}

fn written(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    }
}
