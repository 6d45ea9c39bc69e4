//! A look at a store that changes nothing, for `pointsman check --connect`: could `serve` open it?

use std::fs::File;
use std::path::Path;

use sqlx::{AnyConnection, Connection};

use super::db::Store;
use super::error::OpenError;
use super::lock::FileLock;
use super::migrations;
use super::open::refused;
use super::pooler::told;
use super::postgres_url::PostgresUrl;
use super::servers::Servers;
use super::url::StoreUrl;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// Nothing lasts there by design.
    Memory,
    /// There is no store yet; `serve` makes one.
    Empty,
    Schema {
        found: i64,
        known: i64,
    },
}

/// Why `serve` could not use the store.
#[derive(Debug, thiserror::Error)]
pub enum ProbeFault {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{place} cannot be written: {reason}")]
    ReadOnly { place: String, reason: String },
    /// Two sessions at a time were served by one session of the database.
    #[error("a pooler in transaction mode stands before {0}: sessions do not last")]
    Pooler(String),
}

impl StoreUrl {
    /// # Errors
    /// What would keep `serve` from opening the store, or from writing to it.
    pub async fn probe(&self) -> Result<Probed, ProbeFault> {
        match self {
            Self::Memory => Ok(Probed::Memory),
            Self::File(path) => file(self, path).await,
            Self::Postgres(url) => postgres(url).await,
        }
    }
}

async fn file(url: &StoreUrl, path: &Path) -> Result<Probed, ProbeFault> {
    if let Some(by) = FileLock::holder(path) {
        return Err(OpenError::InUse { path: path.display().to_string(), by }.into());
    }
    writable(path)?;
    let known = migrations::latest();
    match Store::open_to_read(url).await {
        Ok(store) => {
            store.close().await;
            Ok(Probed::Schema { found: known, known })
        }
        Err(OpenError::Older { found, known, .. }) => Ok(Probed::Schema { found, known }),
        Err(OpenError::Missing { .. }) => Ok(Probed::Empty),
        // The folder of a store that is made at the first start is made then, too.
        Err(OpenError::Io { .. }) if !path.exists() => Ok(Probed::Empty),
        Err(error) => Err(error.into()),
    }
}

/// The file itself, and its folder, where SQLite keeps the companions; of a folder that is not there, the one it is made in.
fn writable(path: &Path) -> Result<(), ProbeFault> {
    let fault =
        |place: &Path, error: &std::io::Error| ProbeFault::ReadOnly { place: place.display().to_string(), reason: error.to_string() };
    if path.exists() {
        File::options().write(true).open(path).map_err(|error| fault(path, &error))?;
    }
    let absolute = std::path::absolute(path).map_err(|error| fault(path, &error))?;
    let folder = absolute.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    // Without a name: it is gone when it is closed.
    tempfile::tempfile_in(folder).map(drop).map_err(|error| fault(folder, &error))
}

async fn postgres(url: &PostgresUrl) -> Result<Probed, ProbeFault> {
    sqlx::any::install_default_drivers();
    let unreachable = |reason: String| OpenError::Unreachable { store: url.to_string(), reason };
    let servers = Servers::new(url.clone());
    let mut first = servers.open().await.map_err(unreachable)?;
    let mut second = servers.open().await.map_err(unreachable)?;
    let probed = look(url, &mut first, &mut second).await;
    // What was found counts; a connection that does not close in order changes nothing of it.
    let _ = (first.close().await, second.close().await);
    probed
}

async fn look(url: &PostgresUrl, first: &mut AnyConnection, second: &mut AnyConnection) -> Result<Probed, ProbeFault> {
    let unreachable = |error: sqlx::Error| OpenError::Unreachable { store: url.to_string(), reason: told(&error) };
    let ask = |question: &'static str| sqlx::query_scalar::<_, bool>(question);
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *first).await.map_err(unreachable)?;
    let other: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(second).await.map_err(unreachable)?;
    if backend == other {
        return Err(ProbeFault::Pooler(url.to_string()));
    }
    let read_only = ask("SELECT current_setting('transaction_read_only') = 'on'").fetch_one(&mut *first).await.map_err(unreachable)?;
    let fault = |reason: &str| ProbeFault::ReadOnly { place: url.to_string(), reason: reason.to_owned() };
    if read_only {
        return Err(fault("the server takes no writes, as a standby does"));
    }
    if !ask("SELECT to_regclass('schema_version') IS NOT NULL").fetch_one(&mut *first).await.map_err(unreachable)? {
        let may = "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";
        let may = ask(may).fetch_one(first).await.map_err(unreachable)?;
        return if may { Ok(Probed::Empty) } else { Err(fault("the user may create no tables in the schema")) };
    }
    if !ask("SELECT has_table_privilege('documents', 'INSERT')").fetch_one(&mut *first).await.map_err(unreachable)? {
        return Err(fault("the user may not write to the table `documents`"));
    }
    let known = migrations::latest();
    match migrations::check(first).await.map_err(refused(url)) {
        Ok(()) => Ok(Probed::Schema { found: known, known }),
        Err(OpenError::Older { found, known, .. }) => Ok(Probed::Schema { found, known }),
        Err(error) => Err(error.into()),
    }
}
