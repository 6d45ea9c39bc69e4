//! Deliveries that outlive the process that owes them. Each is made at least once: a replica that dies between sending and
//! saying so leaves it to another.

use std::time::Duration;

use serde_json::Value;
use sqlx::{Any, Transaction};

use super::change::NewDelivery;
use super::db::{Store, bounded};
use super::error::StoreError;
use super::rows::{count, json, number, text};
use super::timestamp::Timestamp;

/// A delivery somebody has claimed. It also proves the claim: after it has run out and another has taken the delivery
/// over, what the first one reports is ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub id: u64,
    pub created_at: Timestamp,
    pub destination: String,
    pub body: Value,
    /// This one included.
    pub attempts: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    pub pending: u64,
    /// Given up, and not yet cleared away.
    pub dead: u64,
}

type Row = (i64, i64, String, String, i64);

impl Store {
    /// Claims up to `limit` deliveries that are due, for the time of `hold`: nobody else gets them until then.
    ///
    /// # Errors
    /// When the store does not answer; deliveries claimed by then become due again.
    pub async fn claim_deliveries(&self, limit: u32, now: Timestamp, hold: Duration) -> Result<Vec<Delivery>, StoreError> {
        bounded(async {
            // The condition stands twice: of two that chose the same row, the second checks it again once the first is through.
            let query = sqlx::query_as(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $2 \
                 WHERE dead_at IS NULL AND next_attempt_at <= $1 AND id IN \
                 (SELECT id FROM outbox WHERE dead_at IS NULL AND next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT $3) \
                 RETURNING id, created_at, destination, body, attempts",
            );
            let query = query.bind(now.as_millis()).bind(now.saturating_add(hold).as_millis()).bind(i64::from(limit));
            let mut rows: Vec<Row> = query.fetch_all(&self.0.pool).await?;
            rows.sort_unstable_by_key(|row| row.0);
            rows.into_iter().map(delivery).collect()
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
            let done = query.bind(number(delivery.id)).bind(number(delivery.attempts)).execute(&self.0.pool).await?;
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

    /// # Errors
    /// When the store does not answer.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        bounded(async {
            let (all, dead): (i64, i64) = sqlx::query_as("SELECT COUNT(*), COUNT(dead_at) FROM outbox").fetch_one(&self.0.pool).await?;
            Ok(OutboxCounts { pending: count(all - dead), dead: count(dead) })
        })
        .await
    }

    async fn settle(&self, delivery: &Delivery, update: &str, error: &str, at: Timestamp) -> Result<bool, StoreError> {
        bounded(async {
            let statement = format!("{update} WHERE id = $1 AND attempts = $2 AND dead_at IS NULL");
            let query = sqlx::query(&statement).bind(number(delivery.id)).bind(number(delivery.attempts));
            let done = query.bind(text(error)).bind(at.as_millis()).execute(&self.0.pool).await?;
            Ok(done.rows_affected() > 0)
        })
        .await
    }
}

pub(super) async fn insert_delivery(transaction: &mut Transaction<'_, Any>, id: i64, delivery: &NewDelivery) -> sqlx::Result<()> {
    let query = sqlx::query(
        "INSERT INTO outbox (id, created_at, destination, body, attempts, next_attempt_at) \
         VALUES ($1, (SELECT now_ms FROM clock), $2, $3, 0, 0)",
    );
    query.bind(id).bind(&delivery.destination).bind(delivery.body.to_string()).execute(&mut **transaction).await.map(drop)
}

fn delivery((id, created_at, destination, body, attempts): Row) -> Result<Delivery, StoreError> {
    let body = json(&body, || format!("delivery {id}"))?;
    Ok(Delivery { id: count(id), created_at: Timestamp::from_millis(created_at), destination, body, attempts: count(attempts) })
}
