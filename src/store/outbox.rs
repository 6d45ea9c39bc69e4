//! Deliveries of events that outlive the process that owes them. Each is made at least once, those to one destination in the
//! order of the events: a replica that dies between sending and saying so leaves it to another.

use std::time::Duration;

use sqlx::{Any, AssertSqlSafe, Transaction};

use super::change::Fence;
use super::db::{Store, bounded};
use super::error::{CommitError, StoreError};
use super::history::Event;
use super::lease::check_fence;
use super::rows::{count, json, number, text};
use super::timestamp::Timestamp;

/// A delivery the controller has claimed. It also proves the claim: after it has run out and another has taken the delivery
/// over, what the first one reports is ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The same however often it is tried.
    pub id: u64,
    pub destination: String,
    pub event: Event,
    /// This one included.
    pub attempts: u64,
}

/// What one destination is still owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    pub destination: String,
    pub pending: u64,
    /// Given up, and not yet cleared away.
    pub dead: u64,
    /// Of the oldest pending one, by the database's clock.
    pub oldest: Option<Duration>,
}

type Row = (i64, String, String, i64);

impl Store {
    /// Claims the oldest delivery that `destination` is owed, for the time of `hold`. None when there is none or its time has
    /// not come: a later one never overtakes it.
    ///
    /// # Errors
    /// When the lease was lost, or the store does not answer; a delivery claimed by then becomes due again.
    pub async fn claim_delivery(
        &self,
        fence: &Fence,
        destination: &str,
        now: Timestamp,
        hold: Duration,
    ) -> Result<Option<Delivery>, CommitError> {
        bounded(async {
            let mut transaction = self.begin().await?;
            check_fence(&mut transaction, fence).await?;
            let query = sqlx::query_as(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $3 WHERE next_attempt_at <= $2 AND id = \
                 (SELECT MIN(id) FROM outbox WHERE destination = $1 AND dead_at IS NULL) \
                 RETURNING id, destination, body, attempts",
            );
            let query = query.bind(destination).bind(now.as_millis()).bind(now.saturating_add(hold).as_millis());
            let row: Option<Row> = query.fetch_optional(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(row.map(delivery).transpose()?)
        })
        .await
    }

    /// When the oldest delivery that `destination` is owed may be claimed; none when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn next_delivery(&self, destination: &str) -> Result<Option<Timestamp>, StoreError> {
        bounded(async {
            let query = "SELECT next_attempt_at FROM outbox WHERE destination = $1 AND dead_at IS NULL ORDER BY id LIMIT 1";
            let due: Option<i64> = sqlx::query_scalar(query).bind(destination).fetch_optional(&mut *self.connection().await?).await?;
            Ok(due.map(Timestamp::from_millis))
        })
        .await
    }

    /// It has arrived. False when the claim had run out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn delivered(&self, delivery: &Delivery) -> Result<bool, StoreError> {
        bounded(async {
            let query = sqlx::query("DELETE FROM outbox WHERE id = $1 AND attempts = $2 AND dead_at IS NULL");
            let done = query.bind(number(delivery.id)).bind(number(delivery.attempts)).execute(&mut *self.connection().await?).await?;
            Ok(done.rows_affected() > 0)
        })
        .await
    }

    /// It has not arrived, and is to be tried again. False when the claim had run out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn delivery_failed(&self, delivery: &Delivery, next_attempt: Timestamp, error: &str) -> Result<bool, StoreError> {
        self.settle(delivery, "UPDATE outbox SET last_error = $3, next_attempt_at = $4", error, next_attempt).await
    }

    /// It has not arrived, and is given up. False when the claim had run out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn give_up_delivery(&self, delivery: &Delivery, now: Timestamp, error: &str) -> Result<bool, StoreError> {
        self.settle(delivery, "UPDATE outbox SET last_error = $3, dead_at = $4", error, now).await
    }

    /// Gives up what `destination` has been owed for longer than `age`, by the database's clock; returns how many those were.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn give_up_older(&self, destination: &str, age: Duration, error: &str) -> Result<u64, StoreError> {
        bounded(async {
            let query = sqlx::query(
                "UPDATE outbox SET last_error = $3, dead_at = (SELECT now_ms FROM clock) \
                 WHERE destination = $1 AND dead_at IS NULL AND created_at <= (SELECT now_ms FROM clock) - $2",
            );
            let query = query.bind(destination).bind(super::timestamp::millis(age)).bind(text(error));
            Ok(query.execute(&mut *self.connection().await?).await?.rows_affected())
        })
        .await
    }

    /// What every destination is still owed, by name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        bounded(async {
            let query = "SELECT destination, COUNT(*), COUNT(dead_at), MIN(CASE WHEN dead_at IS NULL THEN created_at END), \
                 (SELECT now_ms FROM clock) FROM outbox GROUP BY destination ORDER BY destination";
            let rows: Vec<(String, i64, i64, Option<i64>, i64)> = sqlx::query_as(query).fetch_all(&mut *self.connection().await?).await?;
            let backlog = |(destination, all, dead, oldest, now): (String, i64, i64, Option<i64>, i64)| Backlog {
                destination,
                pending: count(all - dead),
                dead: count(dead),
                oldest: oldest.map(|oldest| Timestamp::from_millis(now).since(Timestamp::from_millis(oldest))),
            };
            Ok(rows.into_iter().map(backlog).collect())
        })
        .await
    }

    async fn settle(&self, delivery: &Delivery, update: &str, error: &str, at: Timestamp) -> Result<bool, StoreError> {
        bounded(async {
            let statement = format!("{update} WHERE id = $1 AND attempts = $2 AND dead_at IS NULL");
            let query = sqlx::query(AssertSqlSafe(statement)).bind(number(delivery.id)).bind(number(delivery.attempts));
            let done = query.bind(text(error)).bind(at.as_millis()).execute(&mut *self.connection().await?).await?;
            Ok(done.rows_affected() > 0)
        })
        .await
    }
}

/// Owes `destination` the event, as it was stored.
pub(super) async fn insert_delivery(transaction: &mut Transaction<'_, Any>, id: i64, destination: &str, event: &Event) -> sqlx::Result<()> {
    let query = sqlx::query(
        "INSERT INTO outbox (id, created_at, destination, body, attempts, next_attempt_at) \
         VALUES ($1, (SELECT now_ms FROM clock), $2, $3, 0, 0)",
    );
    let body = serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    query.bind(id).bind(destination).bind(body).execute(&mut **transaction).await.map(drop)
}

fn delivery((id, destination, body, attempts): Row) -> Result<Delivery, StoreError> {
    let event = json(&body, || format!("delivery {id}"))?;
    Ok(Delivery { id: count(id), destination, event, attempts: count(attempts) })
}
