//! A new file appears complete or not at all, so that a half-made one is never taken for a damaged store, and a damaged
//! store never for a half-made one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sqlx::{AnyConnection, Connection};

use super::{fault, options, refused};
use crate::store::dialect::Dialect;
use crate::store::error::OpenError;
use crate::store::files::{beside, failed, private};
use crate::store::migrations;

/// Makes an empty store at `path`. The caller holds the lock.
pub(super) async fn create(path: &Path) -> Result<(), OpenError> {
    let temporary = beside(path, ".new");
    // What a killed process left of its attempt.
    for file in [&temporary, &beside(&temporary, "-journal")] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(file, "cannot be removed")(error)),
            _ => {}
        }
    }
    // Made here and not by SQLite, so that no other user can ever read it; its companions get the same mode from SQLite.
    private(File::options().write(true).create_new(true)).open(&temporary).map_err(failed(&temporary, "cannot be created"))?;
    let mut connection = AnyConnection::connect_with(&options(&temporary, "rw")?).await.map_err(|error| fault(&temporary, &error))?;
    migrations::migrate(&mut connection, Dialect::Sqlite).await.map_err(refused(&temporary.display()))?;
    connection.close().await.map_err(|error| fault(&temporary, &error))?;
    File::open(&temporary).and_then(|file| file.sync_all()).map_err(failed(&temporary, "cannot be synced"))?;
    fs::rename(&temporary, path).map_err(failed(path, "cannot be created"))?;
    let directory = path.parent().unwrap_or(path);
    // Without this the rename itself may be lost.
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed(directory, "cannot be synced"))
}
