//! Opening a PostgreSQL database.

use std::time::Duration;

use sqlx::Connection;

use super::{Purpose, refused};
use crate::store::dialect::Dialect;
use crate::store::error::OpenError;
use crate::store::migrations;
use crate::store::pooler::told;
use crate::store::postgres_url::PostgresUrl;
use crate::store::servers::Servers;

/// Waiting for another replica's migration included.
const OPEN_WITHIN: Duration = Duration::from_secs(60);

/// Migrates over a connection of its own: unlike the pool it tells at once why there is none.
pub(super) async fn open(servers: &Servers, url: &PostgresUrl, purpose: Purpose) -> Result<(), OpenError> {
    let unreachable = |reason: String| OpenError::Unreachable { store: url.to_string(), reason };
    let opening = async {
        let mut connection = servers.open().await.map_err(unreachable)?;
        match purpose {
            Purpose::Serve => migrations::migrate(&mut connection, Dialect::Postgres).await.map_err(refused(url))?,
            Purpose::Read => migrations::check(&mut connection).await.map_err(refused(url))?,
        }
        connection.close().await.map_err(|error| unreachable(told(&error)))
    };
    let opened = tokio::time::timeout(OPEN_WITHIN, opening).await;
    opened.unwrap_or_else(|_| Err(unreachable(format!("no answer within {} s", OPEN_WITHIN.as_secs()))))
}
