//! Opening a SQLite file: alone, whole, and only if it is a store.

mod create;

use std::path::{Path, PathBuf};
use std::{fs, io};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection};
use ulid::Ulid;

use super::{Purpose, refused};
use crate::store::dialect::Dialect;
use crate::store::error::OpenError;
use crate::store::files::{beside, failed, tighten};
use crate::store::lock::FileLock;
use crate::store::migrations;

/// How SQLite says that a file is not what it should be: `SQLITE_CORRUPT` and `SQLITE_NOTADB`, in the low byte of a code.
const DAMAGE_CODES: [u32; 2] = [11, 26];

/// The options to open a file that was found in order, and the lock that keeps others away.
pub(super) async fn open(path: &Path, purpose: Purpose) -> Result<(AnyConnectOptions, Option<FileLock>), OpenError> {
    let path = resolved(path, purpose)?;
    let lock = match purpose {
        Purpose::Serve => Some(FileLock::take(&path)?),
        Purpose::Read => None,
    };
    match fs::metadata(&path) {
        Ok(metadata) if metadata.len() == 0 => return Err(damaged(&path, "it is empty")),
        Ok(_) => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path, "cannot be read")(error)),
        Err(_) if purpose == Purpose::Read => return Err(OpenError::Missing { path: path.display().to_string() }),
        // SQLite would throw the log away, and with it the last commits.
        Err(_) if beside(&path, "-wal").exists() => return Err(damaged(&path, "it is missing, but its write-ahead log is there")),
        Err(_) => create::create(&path).await?,
    }
    if purpose == Purpose::Serve {
        for companion in ["", "-wal", "-shm", "-journal", ".lock"] {
            tighten(&beside(&path, companion));
        }
    }
    let options = options(&path, if purpose == Purpose::Serve { "rw" } else { "ro" })?;
    inspect(&path, &options, purpose).await?;
    Ok((options, lock))
}

/// A store that ends with the last of its connections, and the first of them.
pub(super) async fn open_memory() -> Result<(AnyConnectOptions, AnyConnection), OpenError> {
    let store = "memory:".to_owned();
    let unreachable = |error: sqlx::Error| OpenError::Unreachable { store: store.clone(), reason: error.to_string() };
    // Under a name of its own, by which only the connections of this store find it.
    let url = format!("sqlite:file:pointsman-{}?mode=memory", Ulid::generate());
    let options: AnyConnectOptions = url.parse().map_err(unreachable)?;
    let mut connection = AnyConnection::connect_with(&options).await.map_err(unreachable)?;
    migrations::migrate(&mut connection, Dialect::Sqlite).await.map_err(refused(&store))?;
    Ok((options, connection))
}

/// The same file under one name, and its directory in place.
fn resolved(path: &Path, purpose: Purpose) -> Result<PathBuf, OpenError> {
    let path = std::path::absolute(path).map_err(failed(path, "is not a path"))?;
    let (Some(directory), Some(file)) = (path.parent(), path.file_name()) else {
        return Err(failed(&path, "is not a file")(io::ErrorKind::IsADirectory.into()));
    };
    if purpose == Purpose::Serve {
        fs::create_dir_all(directory).map_err(failed(directory, "cannot be created"))?;
    }
    let directory = directory.canonicalize().map_err(failed(directory, "cannot be opened"))?;
    Ok(directory.join(file))
}

fn options(path: &Path, mode: &str) -> Result<AnyConnectOptions, OpenError> {
    let unreachable = |reason: String| OpenError::Unreachable { store: path.display().to_string(), reason };
    let text = path.to_str().ok_or_else(|| unreachable("its path is not UTF-8".to_owned()))?;
    let url = format!("sqlite:///{}?mode={mode}", utf8_percent_encode(text.trim_start_matches('/'), NON_ALPHANUMERIC));
    url.parse().map_err(|error: sqlx::Error| unreachable(error.to_string()))
}

/// Reads every page before anything is written.
async fn inspect(path: &Path, options: &AnyConnectOptions, purpose: Purpose) -> Result<(), OpenError> {
    let fault = |error: sqlx::Error| fault(path, &error);
    let mut connection = AnyConnection::connect_with(options).await.map_err(fault)?;
    let findings: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(3)").fetch_all(&mut connection).await.map_err(fault)?;
    if findings != ["ok"] {
        return Err(damaged(path, &findings.join("; ")));
    }
    let ours = sqlx::query("SELECT name FROM sqlite_master WHERE name = 'schema_version'");
    if ours.fetch_optional(&mut connection).await.map_err(fault)?.is_none() {
        return Err(OpenError::NotAStore { path: path.display().to_string() });
    }
    match purpose {
        Purpose::Serve => migrations::migrate(&mut connection, Dialect::Sqlite).await,
        Purpose::Read => migrations::check(&mut connection).await,
    }
    .map_err(refused(&path.display()))?;
    connection.close().await.map_err(fault)
}

fn fault(path: &Path, error: &sqlx::Error) -> OpenError {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    if code.is_some_and(|code| DAMAGE_CODES.contains(&(code & 0xff))) {
        return damaged(path, &error.to_string());
    }
    OpenError::Unreachable { store: path.display().to_string(), reason: error.to_string() }
}

fn damaged(path: &Path, reason: &str) -> OpenError {
    OpenError::Damaged { path: path.display().to_string(), reason: reason.to_owned() }
}
