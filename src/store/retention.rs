//! Bounded growth: what is cleared away, and when.

use std::time::Duration;

use sqlx::{Any, AssertSqlSafe, Transaction};

use super::commit::advance;
use super::db::{BULK_ANSWER_WITHIN, Store, bounded_by};
use super::error::StoreError;
use super::rows::number;
use super::timestamp::millis;

/// How much of a list stays: what is younger than `age`, and of that the newest `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    pub age: Duration,
    pub count: u64,
}

/// Ages are by the database's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Changes that were made.
    pub audit: Keep,
    /// Changes that were refused. Counted apart, so that no number of them drives out what was done.
    pub refused: Keep,
    pub events: Keep,
    /// Deliveries that were given up.
    pub dead_deliveries: Duration,
    /// Requests repeated later than this are carried out again.
    pub idempotency: Duration,
    /// Replicas that were away for longer load everything afresh.
    pub tombstones: Duration,
    /// Replicas not seen for so long are forgotten.
    pub replicas: Duration,
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

impl Default for Retention {
    fn default() -> Self {
        Self {
            audit: Keep { age: DAY.saturating_mul(365), count: 100_000 },
            refused: Keep { age: DAY.saturating_mul(365), count: 10_000 },
            events: Keep { age: DAY.saturating_mul(30), count: 100_000 },
            dead_deliveries: DAY.saturating_mul(7),
            idempotency: DAY,
            tombstones: HOUR,
            replicas: HOUR,
        }
    }
}

impl Store {
    /// Clears away what `retention` does not keep; returns how many rows that were. Any replica may do it at any time.
    ///
    /// # Errors
    /// When the store does not answer; then nothing was cleared away.
    pub async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        bounded_by(BULK_ANSWER_WITHIN, async {
            let mut transaction = self.begin().await?;
            let mut pruned = prune_tombstones(&mut transaction, retention.tombstones).await?;
            pruned += prune_list(&mut transaction, "audit", "result = 'ok'", retention.audit).await?;
            pruned += prune_list(&mut transaction, "audit", "result <> 'ok'", retention.refused).await?;
            pruned += prune_list(&mut transaction, "events", "1 = 1", retention.events).await?;
            pruned += prune_by_age(&mut transaction, "outbox", "dead_at", retention.dead_deliveries).await?;
            pruned += prune_by_age(&mut transaction, "idempotency", "at", retention.idempotency).await?;
            pruned += prune_by_age(&mut transaction, "replicas", "seen_at", retention.replicas).await?;
            transaction.commit().await?;
            Ok(pruned)
        })
        .await
    }
}

/// Under the lock of commits, since no replica may catch up from what is about to go.
async fn prune_tombstones(transaction: &mut Transaction<'_, Any>, age: Duration) -> sqlx::Result<u64> {
    advance(transaction, 0, 0).await?;
    let expired = "body IS NULL AND changed_at <= (SELECT now_ms FROM clock) - $1";
    let last = format!("SELECT COALESCE(MAX(revision), 0) FROM documents WHERE {expired}");
    let last: i64 = sqlx::query_scalar(AssertSqlSafe(last)).bind(millis(age)).fetch_one(&mut **transaction).await?;
    sqlx::query("UPDATE head SET horizon = $1 WHERE horizon < $1").bind(last).execute(&mut **transaction).await?;
    let delete = format!("DELETE FROM documents WHERE {expired} AND revision <= $2");
    Ok(sqlx::query(AssertSqlSafe(delete)).bind(millis(age)).bind(last).execute(&mut **transaction).await?.rows_affected())
}

/// Of those rows of a table that `which` says.
async fn prune_list(transaction: &mut Transaction<'_, Any>, table: &'static str, which: &'static str, keep: Keep) -> sqlx::Result<u64> {
    let newest = format!("SELECT id FROM {table} WHERE {which} ORDER BY id DESC LIMIT 1 OFFSET $1");
    let statement = format!("DELETE FROM {table} WHERE {which} AND id <= ({newest})");
    let pruned = sqlx::query(AssertSqlSafe(statement)).bind(number(keep.count)).execute(&mut **transaction).await?.rows_affected();
    let statement = format!("DELETE FROM {table} WHERE {which} AND at <= (SELECT now_ms FROM clock) - $1");
    Ok(pruned + sqlx::query(AssertSqlSafe(statement)).bind(millis(keep.age)).execute(&mut **transaction).await?.rows_affected())
}

async fn prune_by_age(
    transaction: &mut Transaction<'_, Any>,
    table: &'static str,
    column: &'static str,
    age: Duration,
) -> sqlx::Result<u64> {
    let statement = format!("DELETE FROM {table} WHERE {column} <= (SELECT now_ms FROM clock) - $1");
    Ok(sqlx::query(AssertSqlSafe(statement)).bind(millis(age)).execute(&mut **transaction).await?.rows_affected())
}
