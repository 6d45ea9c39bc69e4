//! Who is there, and how far each has come.

use std::time::Duration;

use serde_json::Value;

use super::db::{Store, bounded};
use super::error::StoreError;
use super::rows::{count, json, number};
use super::timestamp::Timestamp;

/// What a replica says of itself every few seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaReport {
    pub id: String,
    pub version: String,
    /// The revision its routing table was built from.
    pub applied_revision: u64,
    pub body: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    pub report: ReplicaReport,
    pub seen_at: Timestamp,
    /// Since its last report, by the database's clock.
    pub age: Duration,
}

impl Store {
    /// # Errors
    /// When the store does not answer.
    pub async fn heartbeat(&self, report: &ReplicaReport) -> Result<(), StoreError> {
        bounded(async {
            let query = sqlx::query(
                "INSERT INTO replicas (id, version, applied_revision, body, seen_at) VALUES ($1, $2, $3, $4, (SELECT now_ms FROM clock)) \
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, applied_revision = excluded.applied_revision, \
                 body = excluded.body, seen_at = excluded.seen_at",
            );
            let query = query.bind(&report.id).bind(&report.version).bind(number(report.applied_revision));
            query.bind(report.body.to_string()).execute(&mut *self.connection().await?).await?;
            Ok(())
        })
        .await
    }

    /// All replicas that were seen since [retention](super::Retention::replicas) last forgot some, dead ones included.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        bounded(async {
            let query = "SELECT id, version, applied_revision, body, seen_at, (SELECT now_ms FROM clock) FROM replicas ORDER BY id";
            let rows: Vec<(String, String, i64, String, i64, i64)> =
                sqlx::query_as(query).fetch_all(&mut *self.connection().await?).await?;
            let replica = |(id, version, applied_revision, body, seen_at, now): (String, String, i64, String, i64, i64)| {
                let body = json(&body, || format!("replica `{id}`"))?;
                let seen_at = Timestamp::from_millis(seen_at);
                let report = ReplicaReport { id, version, applied_revision: count(applied_revision), body };
                Ok(Replica { report, seen_at, age: Timestamp::from_millis(now).since(seen_at) })
            };
            rows.into_iter().map(replica).collect()
        })
        .await
    }

    /// For a replica that goes away in order; others are forgotten in time.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget_replica(&self, id: &str) -> Result<(), StoreError> {
        bounded(async {
            sqlx::query("DELETE FROM replicas WHERE id = $1").bind(id).execute(&mut *self.connection().await?).await?;
            Ok(())
        })
        .await
    }
}
