//! Opening a store: what must hold before it may be used.

mod postgres;
mod sqlite;

use std::sync::{Arc, Mutex};

use sqlx::AnyPool;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::changes::listen;
use super::db::{self, Inner, Kept, Store};
use super::dialect::Dialect;
use super::error::OpenError;
use super::migrations::{self, MigrationFault};
use super::pooler::told;
use super::servers::Servers;
use super::url::StoreUrl;

/// What an opener comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To have it: a file belongs to one process.
    Serve,
    /// Read-only, beside a replica that uses it. Nothing is created or brought up to date.
    Read,
}

impl Store {
    /// Opens the store, creates it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached, belongs to another process, is damaged, or was written by a newer version.
    pub async fn open(url: &StoreUrl) -> Result<Self, OpenError> {
        Self::open_for(url, Purpose::Serve).await
    }

    /// Opens an existing store to read it, also while another process has it: for exports of a running system.
    ///
    /// # Errors
    /// When there is none, and as [`Self::open`].
    pub async fn open_to_read(url: &StoreUrl) -> Result<Self, OpenError> {
        Self::open_for(url, Purpose::Read).await
    }

    async fn open_for(url: &StoreUrl, purpose: Purpose) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let (changed, _) = watch::channel(());
        let mut listener = JoinSet::new();
        let (pool, servers, kept) = match url {
            StoreUrl::Memory => {
                let (options, connection) = sqlite::open_memory().await?;
                (db::sqlite_pool(options), None, Some(Kept::Memory { _connection: Mutex::new(connection) }))
            }
            StoreUrl::File(path) => {
                let (options, lock) = sqlite::open(path, purpose).await?;
                (db::sqlite_pool(options), None, lock.map(|lock| Kept::File { _lock: lock }))
            }
            StoreUrl::Postgres(url) => {
                let servers = Arc::new(Servers::new(url.clone()));
                postgres::open(&servers, url, purpose).await?;
                let pool = db::postgres_pool(&servers);
                listener.spawn(listen(Arc::clone(&servers), pool.clone(), changed.clone()));
                (pool, Some(servers), None)
            }
        };
        let alone = matches!(kept, Some(Kept::File { .. }));
        let store = Self::new(pool, servers, changed, listener, kept);
        // This process alone has the file, so an earlier holder of the lease is gone, even if the lease has not expired.
        if alone && let Err(error) = store.free_lease().await {
            tracing::warn!(%error, "the lease of an earlier process could not be ended; it is waited for");
        }
        Ok(store)
    }

    fn new(pool: AnyPool, servers: Option<Arc<Servers>>, changed: watch::Sender<()>, listener: JoinSet<()>, kept: Option<Kept>) -> Self {
        let dialect = if servers.is_some() { Dialect::Postgres } else { Dialect::Sqlite };
        Self(Arc::new(Inner { pool, dialect, servers, changed, _listener: listener, _kept: kept }))
    }
}

/// Says of which store a fault is.
pub(super) fn refused(store: &impl ToString) -> impl FnOnce(MigrationFault) -> OpenError {
    let store = store.to_string();
    move |fault| match fault {
        MigrationFault::Newer { found } => OpenError::Newer { store, found, known: migrations::latest() },
        MigrationFault::Older { found } => OpenError::Older { store, found, known: migrations::latest() },
        MigrationFault::Database(error) => OpenError::Unreachable { store, reason: told(&error) },
    }
}
