//! Opening a PostgreSQL database.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection};

use super::{Purpose, refused};
use crate::store::dialect::Dialect;
use crate::store::error::OpenError;
use crate::store::migrations;
use crate::store::pooler::told;
use crate::store::url::PostgresUrl;

/// Waiting for another replica's migration included.
const OPEN_WITHIN: Duration = Duration::from_secs(60);

/// Migrates over a connection of its own: unlike the pool it tells at once why there is none.
pub(super) async fn open(url: &PostgresUrl, purpose: Purpose) -> Result<PgConnectOptions, OpenError> {
    let unreachable = |reason: String| OpenError::Unreachable { store: url.to_string(), reason };
    let options = PgConnectOptions::from_url(&url.0.database_url).map_err(|error| unreachable(error.to_string()))?;
    let opening = async {
        let mut connection = AnyConnection::connect_with(&url.0).await.map_err(|error| unreachable(told(&error)))?;
        match purpose {
            Purpose::Serve => migrations::migrate(&mut connection, Dialect::Postgres).await.map_err(refused(url))?,
            Purpose::Read => migrations::check(&mut connection).await.map_err(refused(url))?,
        }
        connection.close().await.map_err(|error| unreachable(told(&error)))
    };
    match tokio::time::timeout(OPEN_WITHIN, opening).await {
        Ok(opened) => opened.map(|()| options),
        Err(_) => Err(unreachable(format!("no answer within {} s", OPEN_WITHIN.as_secs()))),
    }
}
