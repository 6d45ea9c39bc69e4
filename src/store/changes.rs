//! Learning that something has changed: at once where possible, and soon in any case.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AnyPool, ConnectOptions};
use tokio::sync::watch;

use super::db::{ANSWER_WITHIN, Store};
use super::servers::{ROLE, Servers};

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
    /// What any replica commits from now on is noticed: by notification, or `poll` later if that was lost.
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

/// Passes on what PostgreSQL announces, until it is aborted. Its connection is also what tells that a server is lost: then it
/// looks for another one, and moves `pool` there.
pub(super) async fn listen(servers: Arc<Servers>, pool: AnyPool, changed: watch::Sender<()>) {
    loop {
        if servers.choose(&pool).await {
            match connect(&servers).await {
                Ok(listener) => {
                    let Err(error) = follow(listener, &servers, &changed).await;
                    tracing::warn!(%error, "notifications of the store are interrupted; changes of other replicas are found by polling");
                }
                Err(error) => tracing::debug!(%error, "notifications of the store are still interrupted"),
            }
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

async fn connect(servers: &Servers) -> sqlx::Result<PgListener> {
    let options = PgConnectOptions::from_url(&servers.current().options().database_url)?;
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER_WITHIN).connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// One connection, until it is lost or its server is not as wanted any more.
async fn follow(mut listener: PgListener, servers: &Servers, changed: &watch::Sender<()>) -> sqlx::Result<Infallible> {
    // What was announced before went unheard.
    changed.send_replace(());
    loop {
        let heard = tokio::select! {
            heard = tokio::time::timeout(SILENCE, listener.try_recv()) => heard.ok(),
            () = servers.suspected() => None,
        };
        match heard {
            Some(Ok(Some(_))) => {
                changed.send_replace(());
            }
            Some(Ok(None)) => return Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
            Some(Err(error)) => return Err(error),
            None => {
                let asking = tokio::time::timeout(ANSWER_WITHIN, sqlx::query_scalar(ROLE).fetch_one(&mut listener)).await;
                let role: String = asking.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                servers.judge(&role)?;
            }
        }
    }
}
