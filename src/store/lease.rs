//! The controller's lease: one replica steers, the others watch. All by the database's clock.

use std::time::Duration;

use sqlx::{Any, Transaction};

use super::change::Fence;
use super::db::{Store, bounded};
use super::error::{CommitError, StoreError};
use super::rows::{count, number};
use super::timestamp::{Timestamp, millis};

/// The lease as it stood after the attempt to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whether the replica that asked has it.
    pub held: bool,
    /// `None` only when no replica has it.
    pub holder: Option<String>,
    /// Grows by one whenever the lease changes hands.
    pub epoch: u64,
    /// By the database's clock; to wait for it, count [`Self::remaining`] from before the request was sent.
    pub expires: Timestamp,
    pub remaining: Duration,
}

impl Lease {
    /// What the holder's commits carry.
    #[must_use]
    pub fn fence(&self) -> Option<Fence> {
        let holder = self.holder.clone().filter(|_| self.held)?;
        Some(Fence { replica: holder, epoch: self.epoch })
    }
}

type Row = (String, i64, i64, i64);

impl Store {
    /// Takes the lease if it is free or has expired, and prolongs it if `replica` has it.
    ///
    /// # Errors
    /// When the store does not answer; the lease may have been taken all the same.
    pub async fn acquire_or_renew(&self, replica: &str, ttl: Duration) -> Result<Lease, StoreError> {
        bounded(async {
            let mut transaction = self.begin().await?;
            let query = sqlx::query(
                "UPDATE lease SET epoch = CASE WHEN holder = $1 THEN epoch ELSE epoch + 1 END, holder = $1, \
                 expires_at = (SELECT now_ms FROM clock) + $2 WHERE holder = $1 OR expires_at <= (SELECT now_ms FROM clock)",
            );
            query.bind(replica).bind(millis(ttl)).execute(&mut *transaction).await?;
            let query = sqlx::query_as("SELECT holder, epoch, expires_at, (SELECT now_ms FROM clock) FROM lease");
            let row: Row = query.fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(lease(row, replica))
        })
        .await
    }

    /// Takes the lease though it has not expired, if it is still as `seen`. For a holder that is known to be gone, where the
    /// database's clock says nothing of that, since it was set back.
    ///
    /// # Errors
    /// When the store does not answer; the lease may have been taken all the same.
    pub async fn take_stale_lease(&self, replica: &str, seen: &Lease, ttl: Duration) -> Result<Lease, StoreError> {
        bounded(async {
            let mut transaction = self.begin().await?;
            let query = sqlx::query(
                "UPDATE lease SET epoch = epoch + 1, holder = $1, expires_at = (SELECT now_ms FROM clock) + $2 \
                 WHERE holder = $3 AND epoch = $4 AND expires_at = $5",
            );
            let query = query.bind(replica).bind(millis(ttl));
            let query = query.bind(seen.holder.as_deref().unwrap_or_default()).bind(number(seen.epoch)).bind(seen.expires.as_millis());
            query.execute(&mut *transaction).await?;
            let query = sqlx::query_as("SELECT holder, epoch, expires_at, (SELECT now_ms FROM clock) FROM lease");
            let row: Row = query.fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(lease(row, replica))
        })
        .await
    }

    /// Ends every lease: for a store that no other process has open, so whose holder is gone.
    pub(super) async fn free_lease(&self) -> Result<(), StoreError> {
        bounded(async {
            let query = sqlx::query("UPDATE lease SET holder = '', expires_at = 0 WHERE holder <> ''");
            query.execute(&mut *self.connection().await?).await?;
            Ok(())
        })
        .await
    }

    /// Who has the lease, without a try to get it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn lease(&self, replica: &str) -> Result<Lease, StoreError> {
        bounded(async {
            let query = sqlx::query_as("SELECT holder, epoch, expires_at, (SELECT now_ms FROM clock) FROM lease");
            Ok(lease(query.fetch_one(&mut *self.connection().await?).await?, replica))
        })
        .await
    }

    /// Gives the lease back, so that others need not wait until it expires. False if `replica` had lost it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn release(&self, replica: &str) -> Result<bool, StoreError> {
        bounded(async {
            let query = sqlx::query("UPDATE lease SET holder = '', expires_at = 0 WHERE holder = $1");
            Ok(query.bind(replica).execute(&mut *self.connection().await?).await?.rows_affected() > 0)
        })
        .await
    }
}

fn lease((holder, epoch, expires_at, now): Row, replica: &str) -> Lease {
    let (expires, now) = (Timestamp::from_millis(expires_at), Timestamp::from_millis(now));
    let remaining = expires.since(now);
    let holder = Some(holder).filter(|holder| !holder.is_empty() && !remaining.is_zero());
    Lease { held: holder.as_deref() == Some(replica), holder, epoch: count(epoch), expires, remaining }
}

/// Locks the lease's row, so that no replica takes it over before this transaction ends.
pub(super) async fn check_fence(transaction: &mut Transaction<'_, Any>, fence: &Fence) -> Result<(), CommitError> {
    let query = sqlx::query("UPDATE lease SET epoch = epoch WHERE holder = $1 AND epoch = $2");
    let held = query.bind(&fence.replica).bind(number(fence.epoch)).execute(&mut **transaction).await?;
    if held.rows_affected() == 0 { Err(CommitError::Fenced { epoch: fence.epoch }) } else { Ok(()) }
}
