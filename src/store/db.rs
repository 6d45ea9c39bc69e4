//! The handle everything hangs on: a pool of connections, and how long anybody waits for them.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Transaction};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::dialect::Dialect;
use super::error::StoreError;
use super::lock::FileLock;

/// A mutation is better refused than left hanging.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Importing and clearing away touch many rows.
pub(super) const BULK_ANSWER_WITHIN: Duration = Duration::from_secs(120);
const CONNECTION_WITHIN: Duration = Duration::from_secs(3);
/// A connection that does not answer this soon after use is given up, so that a cut network does not use up the pool.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

const POSTGRES_CONNECTIONS: u32 = 6;

/// An open store. Clones are the same store.
#[derive(Clone)]
pub struct Store(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) pool: AnyPool,
    pub(super) dialect: Dialect,
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
            sqlx::query("SELECT revision FROM head").execute(&self.0.pool).await?;
            Ok(())
        })
        .await
    }

    /// Dropped without a commit, it is rolled back.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.0.pool.begin().await
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

/// Connections to `options`, opened as they are needed.
pub(super) fn pool(options: AnyConnectOptions, dialect: Dialect) -> AnyPool {
    let pool = match dialect {
        // SQLite has one writer anyway; with one connection nobody ever finds the file locked. Asking it before each use
        // would tell nothing, and lose it whenever somebody stops waiting for the answer.
        Dialect::Sqlite => AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).test_before_acquire(false),
        Dialect::Postgres => AnyPoolOptions::new().max_connections(POSTGRES_CONNECTIONS),
    };
    pool.acquire_timeout(CONNECTION_WITHIN)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(dialect.session()).await.map(drop) }))
        .after_release(|connection, _| {
            Box::pin(async move {
                let answered = tokio::time::timeout(PROBE_WITHIN, connection.ping()).await;
                answered.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?;
                // SQLite rolls some failed transactions back by itself, unknown to the library, whose next transaction
                // would then be a savepoint in one that never commits.
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_lazy_with(options)
}
