//! What each replica has counted. Each writes under its own key, so no replica overwrites another; the reader merges.

use serde_json::Value;

use super::db::{Store, bounded};
use super::error::StoreError;
use super::rows::json;
use super::timestamp::Timestamp;

#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub replica: String,
    /// When it was last put, by the database's clock.
    pub at: Timestamp,
    pub body: Value,
}

impl Store {
    /// Replaces what `replica` has put under `scope`. It stays when the replica goes: what was counted counts.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn put_observation(&self, scope: &str, replica: &str, body: &Value) -> Result<(), StoreError> {
        bounded(async {
            let query = sqlx::query(
                "INSERT INTO observations (scope, replica, body, at) VALUES ($1, $2, $3, (SELECT now_ms FROM clock)) \
                 ON CONFLICT (scope, replica) DO UPDATE SET body = excluded.body, at = excluded.at",
            );
            query.bind(scope).bind(replica).bind(body.to_string()).execute(&mut *self.connection().await?).await?;
            Ok(())
        })
        .await
    }

    /// What all replicas have put under exactly this scope.
    ///
    /// # Errors
    /// When the store does not answer, or holds something unreadable.
    pub async fn observations(&self, scope: &str) -> Result<Vec<Observation>, StoreError> {
        bounded(async {
            let query = sqlx::query_as("SELECT replica, at, body FROM observations WHERE scope = $1 ORDER BY replica");
            let rows: Vec<(String, i64, String)> = query.bind(scope).fetch_all(&mut *self.connection().await?).await?;
            rows.into_iter().map(|row| observation(scope, row)).collect()
        })
        .await
    }

    /// What all replicas have put since a moment under the scopes that begin with `prefix`, the oldest first.
    ///
    /// # Errors
    /// When the store does not answer, or holds something unreadable.
    pub async fn observations_since(&self, prefix: &str, since: Timestamp) -> Result<Vec<Observation>, StoreError> {
        bounded(async {
            let query = sqlx::query_as(
                "SELECT replica, at, body FROM observations WHERE substr(scope, 1, length($1)) = $1 AND at >= $2 ORDER BY at, scope, replica",
            );
            let rows: Vec<(String, i64, String)> = query.bind(prefix).bind(since.as_millis()).fetch_all(&mut *self.connection().await?).await?;
            rows.into_iter().map(|row| observation(prefix, row)).collect()
        })
        .await
    }

    /// The scopes that begin with `prefix` and have observations, in no order.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn observed_scopes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        bounded(async {
            let query = sqlx::query_scalar("SELECT DISTINCT scope FROM observations WHERE substr(scope, 1, length($1)) = $1");
            Ok(query.bind(prefix).fetch_all(&mut *self.connection().await?).await?)
        })
        .await
    }

    /// Puts one observation in the place of several, all or nothing: `into` gets `body`, the others go. Changes nothing and
    /// returns false when one of them is not there any more, since then another replica has done it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn fold_observations(&self, scope: &str, replicas: &[String], into: &str, body: &Value) -> Result<bool, StoreError> {
        bounded(async {
            let mut transaction = self.begin().await?;
            for replica in replicas {
                let delete = sqlx::query("DELETE FROM observations WHERE scope = $1 AND replica = $2").bind(scope).bind(replica);
                if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
                    return Ok(false);
                }
            }
            let insert = "INSERT INTO observations (scope, replica, body, at) VALUES ($1, $2, $3, (SELECT now_ms FROM clock))";
            sqlx::query(insert).bind(scope).bind(into).bind(body.to_string()).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Drops everything whose scope begins with `prefix`; returns how many observations that were.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn drop_observations(&self, prefix: &str) -> Result<u64, StoreError> {
        bounded(async {
            let query = sqlx::query("DELETE FROM observations WHERE substr(scope, 1, length($1)) = $1");
            Ok(query.bind(prefix).execute(&mut *self.connection().await?).await?.rows_affected())
        })
        .await
    }
}

fn observation(scope: &str, (replica, at, body): (String, i64, String)) -> Result<Observation, StoreError> {
    let body = json(&body, || format!("observation `{scope}` of replica `{replica}`"))?;
    Ok(Observation { replica, at: Timestamp::from_millis(at), body })
}
