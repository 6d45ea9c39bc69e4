//! The servers of one PostgreSQL database, and the one that is used.
//!
//! A URL may name several, of which one is the primary. They are tried in the order of the URL; the first that is as wanted
//! is used until it cannot be reached or becomes read-only. [`super::open`] asks which one to open; the task that listens
//! for notifications moves the pool to another one; the pool checks each connection before it is used.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{AnyConnection, AnyPool, Connection};
use tokio::sync::Notify;

use super::db::{CONNECTION_WITHIN, PROBE_WITHIN};
use super::pooler::told;
use super::postgres_url::{PostgresUrl, Server, Wanted};

/// What a server says it is.
pub(super) const ROLE: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' \
     WHEN current_setting('transaction_read_only') = 'on' THEN 'read-only' ELSE 'primary' END";

pub(super) struct Servers {
    url: PostgresUrl,
    state: Mutex<State>,
    /// A connection of the pool was lost, or is not as wanted any more.
    suspected: Notify,
    moved: AtomicBool,
}

/// Why a server is not as wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwanted {
    #[error("it is a standby, which takes no writes")]
    Standby,
    #[error("it takes no writes (default_transaction_read_only is on)")]
    ReadOnly,
}

struct State {
    current: usize,
    /// When the pool was moved. Older connections lead to the server before.
    since: Option<Instant>,
    /// Why no server can be used, while that is so.
    fault: Option<String>,
}

impl Servers {
    pub(super) fn new(url: PostgresUrl) -> Self {
        let state = Mutex::new(State { current: 0, since: None, fault: None });
        Self { url, state, suspected: Notify::new(), moved: AtomicBool::new(false) }
    }

    /// The server that is used.
    pub(super) fn current(&self) -> &Server {
        let current = self.state().current;
        &self.url.servers()[current]
    }

    /// A connection to the server that is used or, if that is not as wanted, to the first that is. It is used from now on.
    ///
    /// # Errors
    /// Each server with its own reason, where none is.
    pub(super) async fn open(&self) -> Result<AnyConnection, String> {
        let found = self.find().await;
        let mut state = self.state();
        match found {
            Ok((at, connection)) => {
                state.fault = None;
                state.current = at;
                Ok(connection)
            }
            Err(fault) => {
                state.fault = Some(fault.clone());
                Err(fault)
            }
        }
    }

    /// Looks for a server that is as wanted, and moves `pool` to it if it is another one than before. False while there is none.
    pub(super) async fn choose(&self, pool: &AnyPool) -> bool {
        let (before, fault) = {
            let state = self.state();
            (state.current, state.fault.clone())
        };
        let connection = match self.open().await {
            Ok(connection) => connection,
            Err(now) => {
                if fault.as_ref() != Some(&now) {
                    tracing::warn!(reason = now, "no server of the store can be used; it is tried again every second");
                }
                return false;
            }
        };
        // What is not closed in good order the server finds closed.
        let _ = tokio::time::timeout(PROBE_WITHIN, connection.close()).await;
        let current = self.current();
        if self.state().current != before {
            pool.set_connect_options(current.options().clone());
            self.state().since = Some(Instant::now());
            self.moved.store(true, Ordering::Release);
            tracing::warn!(server = current.name(), from = self.url.servers()[before].name(), "the store has moved to another server");
        }
        true
    }

    async fn find(&self) -> Result<(usize, AnyConnection), String> {
        let (servers, current) = (self.url.servers(), self.state().current);
        let mut reasons = Vec::with_capacity(servers.len());
        // The one that is used comes first: one that was a primary long ago may be back, and take writes though it should not.
        for at in std::iter::once(current).chain((0..servers.len()).filter(|at| *at != current)) {
            let server = &servers[at];
            match self.connect(server).await {
                Ok(connection) => return Ok((at, connection)),
                Err(reason) if servers.len() == 1 => return Err(reason),
                Err(reason) => reasons.push(format!("{}: {reason}", server.name())),
            }
        }
        Err(reasons.join("; "))
    }

    async fn connect(&self, server: &Server) -> Result<AnyConnection, String> {
        let opening = tokio::time::timeout(CONNECTION_WITHIN, AnyConnection::connect_with(server.options())).await;
        let opened = opening.map_err(|_| format!("no connection within {} s", CONNECTION_WITHIN.as_secs()))?;
        let mut connection = opened.map_err(|error| told(&error))?;
        self.check(&mut connection).await.map_err(|error| match error {
            sqlx::Error::Configuration(unwanted) => unwanted.to_string(),
            error => told(&error),
        })?;
        Ok(connection)
    }

    /// Fails where the server at the other end is not as wanted, or does not answer.
    pub(super) async fn check(&self, connection: &mut AnyConnection) -> sqlx::Result<()> {
        let asking = async {
            if self.url.wanted() == Wanted::Any {
                return connection.ping().await;
            }
            let role: String = sqlx::query_scalar(ROLE).fetch_one(connection).await?;
            self.judge(&role)
        };
        let outcome = tokio::time::timeout(PROBE_WITHIN, asking).await;
        outcome.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    /// Whether a server that says this of itself is as wanted.
    pub(super) fn judge(&self, role: &str) -> sqlx::Result<()> {
        let unwanted = match (self.url.wanted(), role) {
            (Wanted::ReadWrite | Wanted::Primary, "standby") => Unwanted::Standby,
            (Wanted::ReadWrite, "read-only") => Unwanted::ReadOnly,
            _ => return Ok(()),
        };
        Err(sqlx::Error::Configuration(unwanted.into()))
    }

    /// Whether a connection of this age, which the pool has kept, may be used. Called before each use.
    pub(super) async fn may_use(&self, connection: &mut AnyConnection, age: Duration) -> bool {
        let since = self.state().since;
        if since.is_some_and(|since| age >= since.elapsed()) {
            return false;
        }
        let outcome = self.check(connection).await;
        if let Err(error) = &outcome {
            tracing::info!(%error, server = self.current().name(), "a connection of the store is given up");
            self.suspect();
        }
        outcome.is_ok()
    }

    /// The server that is used may not be the one to use any more.
    pub(super) fn suspect(&self) {
        self.suspected.notify_one();
    }

    /// Returns once that is suspected.
    pub(super) async fn suspected(&self) {
        self.suspected.notified().await;
    }

    /// Whether the store has moved since this was last asked. Another server may lack the last commits of the one before, so what
    /// is known of the store is read as a whole.
    pub(super) fn take_move(&self) -> bool {
        self.moved.swap(false, Ordering::AcqRel)
    }

    /// The move was not taken in.
    pub(super) fn put_move_back(&self) {
        self.moved.store(true, Ordering::Release);
    }

    /// The error with what is known of the servers: the pool itself says only that it waited.
    pub(super) fn explained(&self, error: sqlx::Error) -> sqlx::Error {
        match (error, self.state().fault.clone()) {
            (sqlx::Error::PoolTimedOut, Some(fault)) => io::Error::other(fault).into(),
            (error, _) => error,
        }
    }

    /// Nothing panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
