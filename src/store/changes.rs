//! Learning that something has changed: at once where possible, and soon in any case.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;

use super::db::{ANSWER_WITHIN, Store};

/// Shared by all who use one database; a needless wake-up costs one query.
pub(super) const CHANNEL: &str = "pointsman_changes";

/// How long a silent connection is believed to be alive.
const SILENCE: Duration = Duration::from_secs(10);
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Wakes its owner. It may do so without need, but not fail to.
pub struct Changes {
    changed: watch::Receiver<()>,
    poll: Duration,
    /// Keeps the sender, and with it the listener, alive.
    _store: Store,
}

impl Store {
    /// What is committed from now on, by anybody, is noticed: by notification, or `poll` later if that was lost.
    #[must_use]
    pub fn changes(&self, poll: Duration) -> Changes {
        Changes { changed: self.0.changed.subscribe(), poll, _store: self.clone() }
    }
}

impl Changes {
    /// Returns when something may have changed since the last return. Dropping it half way loses nothing.
    pub async fn next(&mut self) {
        // Either way it is time to look.
        let _ = tokio::time::timeout(self.poll, self.changed.changed()).await;
    }
}

/// Passes on what PostgreSQL announces, until it is aborted.
pub(super) async fn listen(options: PgConnectOptions, changed: watch::Sender<()>) {
    loop {
        match connect(&options).await {
            Ok(listener) => {
                let Err(error) = follow(listener, &changed).await;
                tracing::warn!(%error, "notifications of the store are interrupted; changes of other replicas are found by polling");
            }
            Err(error) => tracing::debug!(%error, "notifications of the store are still interrupted"),
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

async fn connect(options: &PgConnectOptions) -> sqlx::Result<PgListener> {
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER_WITHIN).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// One connection, until it is lost.
async fn follow(mut listener: PgListener, changed: &watch::Sender<()>) -> sqlx::Result<Infallible> {
    // What was announced before went unheard.
    changed.send_replace(());
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(_))) => {
                changed.send_replace(());
            }
            Ok(Ok(None)) => return Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let probe = tokio::time::timeout(ANSWER_WITHIN, listener.execute("SELECT 1")).await;
                probe.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            }
        }
    }
}
