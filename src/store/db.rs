//! The handle everything hangs on: a pool of connections, and how long a caller waits for one.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Transaction};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::dialect::Dialect;
use super::error::StoreError;
use super::lock::FileLock;
use super::servers::Servers;

/// A mutation is better refused than left hanging.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Importing and clearing away touch many rows.
pub(super) const BULK_ANSWER_WITHIN: Duration = Duration::from_secs(120);
pub(super) const CONNECTION_WITHIN: Duration = Duration::from_secs(3);
/// A connection that does not answer this soon after use is given up, so that a cut network does not use up the pool.
pub(super) const PROBE_WITHIN: Duration = Duration::from_secs(2);

const POSTGRES_CONNECTIONS: u32 = 6;

/// An open store. Clones are the same store.
#[derive(Clone)]
pub struct Store(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) pool: AnyPool,
    pub(super) dialect: Dialect,
    /// Those of a PostgreSQL database.
    pub(super) servers: Option<Arc<Servers>>,
    /// Touched whenever something may have changed.
    pub(super) changed: watch::Sender<()>,
    /// Hears of the commits of other replicas; ends with the store.
    pub(super) _listener: JoinSet<()>,
    pub(super) _kept: Option<Kept>,
}

/// What a store needs for as long as it is open.
pub(super) enum Kept {
    /// Its file is for this process alone.
    File { _lock: FileLock },
    /// What is in memory goes with the last connection, and the pool may close its own.
    Memory { _connection: Mutex<AnyConnection> },
}

impl Store {
    /// Ends all connections. What was acknowledged is safe without it; it leaves a SQLite file without a log beside it.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        bounded(async {
            sqlx::query("SELECT revision FROM head").execute(&mut *self.connection().await?).await?;
            Ok(())
        })
        .await
    }

    /// A connection of the pool, for one statement.
    pub(super) async fn connection(&self) -> sqlx::Result<PoolConnection<Any>> {
        self.0.pool.acquire().await.map_err(|error| self.explained(error))
    }

    /// Dropped without a commit, it is rolled back.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.0.pool.begin().await.map_err(|error| self.explained(error))
    }

    fn explained(&self, error: sqlx::Error) -> sqlx::Error {
        match &self.0.servers {
            Some(servers) => servers.explained(error),
            None => error,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("dialect", &self.0.dialect).finish_non_exhaustive()
    }
}

/// Gives `work` the time a caller is ready to wait.
pub(super) async fn bounded<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    bounded_by(ANSWER_WITHIN, work).await
}

pub(super) async fn bounded_by<T, E: From<StoreError>>(limit: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let too_late = || StoreError::Unavailable(format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(too_late().into()))
}

/// Connections to a SQLite database, opened as they are needed.
pub(super) fn sqlite_pool(options: AnyConnectOptions) -> AnyPool {
    // SQLite has one writer anyway; with one connection the file is never found locked. Asking it before each use
    // would tell nothing, and lose it whenever somebody stops waiting for the answer.
    let pool = AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).test_before_acquire(false);
    pool.acquire_timeout(CONNECTION_WITHIN)
        .after_connect(|connection, _| Box::pin(async { connection.execute(Dialect::Sqlite.session()).await.map(drop) }))
        .after_release(|connection, _| Box::pin(is_reusable(connection)))
        .connect_lazy_with(options)
}

/// Connections to the server that is used, opened as they are needed. None is used that leads to another one, or to one that is
/// not as wanted any more.
pub(super) fn postgres_pool(servers: &Arc<Servers>) -> AnyPool {
    let (at_first, at_each_use) = (Arc::clone(servers), Arc::clone(servers));
    let pool = AnyPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).test_before_acquire(false);
    pool.acquire_timeout(CONNECTION_WITHIN)
        .after_connect(move |connection, _| {
            let servers = Arc::clone(&at_first);
            Box::pin(async move {
                connection.execute(Dialect::Postgres.session()).await?;
                servers.check(connection).await.inspect_err(|_| servers.suspect())
            })
        })
        .before_acquire(move |connection, known| {
            let servers = Arc::clone(&at_each_use);
            Box::pin(async move { Ok(servers.may_use(connection, known.age).await) })
        })
        .after_release(|connection, _| Box::pin(is_reusable(connection)))
        .connect_lazy_with(servers.current().options().clone())
}

/// Whether a connection that was used is as it was before.
async fn is_reusable(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let answered = tokio::time::timeout(PROBE_WITHIN, connection.ping()).await;
    answered.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?;
    // SQLite rolls some failed transactions back by itself, unknown to the library, whose next transaction
    // would then be a savepoint in one that never commits.
    Ok(!connection.is_in_transaction())
}
