//! Making a change: compare, write, record, announce; in one transaction.

use sqlx::{Any, Transaction};

use super::change::{AuditEntry, Change, Committed, Expected, IdempotencyKey, Replay, Write};
use super::changes::CHANNEL;
use super::db::{Store, bounded};
use super::dialect::Dialect;
use super::document::Document;
use super::error::{CommitError, StoreError};
use super::history::{insert_audit, insert_event};
use super::key::Key;
use super::lease::check_fence;
use super::outbox::insert_delivery;
use super::rows::{count, json, number};
use super::timestamp::Timestamp;

impl Store {
    /// Makes a change. When this returns, it has survived a power cut; dropped half way, it happens as a whole or not at all.
    ///
    /// # Errors
    /// When an expectation is not met, the lease was lost, the request was carried out before, or the store does not answer.
    pub async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
        let committed = bounded(self.apply(&change)).await?;
        self.0.changed.send_replace(());
        Ok(committed)
    }

    /// Puts a mutation that failed into the audit log.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn record_failure(&self, entry: AuditEntry) -> Result<(), StoreError> {
        bounded(async {
            let mut transaction = self.begin().await?;
            let head = advance(&mut transaction, 0, 1).await?;
            insert_audit(&mut transaction, head.last_entry, None, head.revision, &entry).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// What was answered to this request, if it was carried out before: for those who act elsewhere before they commit.
    ///
    /// # Errors
    /// When the key was used for another request, or the store does not answer.
    pub async fn replayed(&self, key: &IdempotencyKey) -> Result<Option<Replay>, CommitError> {
        bounded(async { replay(&mut self.begin().await?, key).await }).await
    }

    async fn apply(&self, change: &Change) -> Result<Committed, CommitError> {
        let mut transaction = self.begin().await?;
        let entries = usize::from(change.audit.is_some()) + change.events.len() + change.outbox.len();
        let head = advance(&mut transaction, i64::from(!change.writes.is_empty()), number(entries as u64)).await?;
        if let Some(fence) = &change.fence {
            check_fence(&mut transaction, fence).await?;
        }
        if let Some(key) = &change.idempotency {
            remember(&mut transaction, head.revision, key).await?;
        }
        let mut documents = Vec::with_capacity(change.writes.len());
        for write in &change.writes {
            documents.extend(carry_out(&mut transaction, head.revision, write).await?);
        }
        let mut ids = (head.last_entry + 1 - number(entries as u64))..;
        let mut next_id = || ids.next().unwrap_or(head.last_entry);
        if let Some(audit) = &change.audit {
            insert_audit(&mut transaction, next_id(), None, head.revision, audit).await?;
        }
        for (place, event) in change.events.iter().enumerate() {
            let event = insert_event(&mut transaction, next_id(), None, head.revision, event).await?;
            for delivery in change.outbox.iter().filter(|delivery| delivery.event == place) {
                insert_delivery(&mut transaction, next_id(), &delivery.destination, &event).await?;
            }
        }
        self.announce(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Committed { revision: count(head.revision), documents })
    }

    /// Other replicas hear of the transaction once it is committed.
    pub(super) async fn announce(&self, transaction: &mut Transaction<'_, Any>) -> sqlx::Result<()> {
        if self.0.dialect == Dialect::Postgres {
            sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&mut **transaction).await?;
        }
        Ok(())
    }
}

/// Where the store stands after this transaction.
pub(super) struct Head {
    pub(super) revision: i64,
    pub(super) last_entry: i64,
}

/// Takes the next revisions and ids. From here on until the end of the transaction, no other one commits.
pub(super) async fn advance(transaction: &mut Transaction<'_, Any>, revisions: i64, entries: i64) -> sqlx::Result<Head> {
    let query = sqlx::query_as("UPDATE head SET revision = revision + $1, entry = entry + $2 RETURNING revision, entry");
    let (revision, last_entry) = query.bind(revisions).bind(entries).fetch_one(&mut **transaction).await?;
    Ok(Head { revision, last_entry })
}

async fn replay(transaction: &mut Transaction<'_, Any>, key: &IdempotencyKey) -> Result<Option<Replay>, CommitError> {
    let query = sqlx::query_as("SELECT fingerprint, revision, answer FROM idempotency WHERE request_key = $1");
    let found: Option<(String, i64, String)> = query.bind(&key.key).fetch_optional(&mut **transaction).await?;
    let Some((fingerprint, revision, answer)) = found else { return Ok(None) };
    if fingerprint != key.fingerprint {
        return Err(CommitError::KeyReused(key.key.clone()));
    }
    let answer = json(&answer, || format!("idempotency key `{}`", key.key))?;
    Ok(Some(Replay { revision: count(revision), answer }))
}

async fn remember(transaction: &mut Transaction<'_, Any>, revision: i64, key: &IdempotencyKey) -> Result<(), CommitError> {
    if let Some(replay) = replay(transaction, key).await? {
        return Err(CommitError::Replayed(replay));
    }
    let query = sqlx::query(
        "INSERT INTO idempotency (request_key, at, fingerprint, revision, answer) VALUES ($1, (SELECT now_ms FROM clock), $2, $3, $4)",
    );
    query.bind(&key.key).bind(&key.fingerprint).bind(revision).bind(key.answer.to_string()).execute(&mut **transaction).await?;
    Ok(())
}

/// The document as it then is; none when there was nothing to do.
async fn carry_out(transaction: &mut Transaction<'_, Any>, revision: i64, write: &Write) -> Result<Option<Document>, CommitError> {
    let (key, expected) = match write {
        Write::Put { key, expected, .. } | Write::Delete { key, expected } => (key, *expected),
    };
    let current = current(transaction, key).await?;
    let met = match expected {
        Expected::Absent => current.is_none(),
        Expected::Any => true,
        Expected::Revision(wanted) => current == Some(wanted),
    };
    if !met {
        return Err(CommitError::Conflict { key: key.clone(), current });
    }
    let (body, due_at) = match write {
        Write::Put { body, due_at, .. } => (Some(body.clone()), *due_at),
        Write::Delete { .. } if current.is_none() => return Ok(None),
        Write::Delete { .. } => (None, None),
    };
    let document = Document { key: key.clone(), revision: count(revision), due_at, body };
    put(transaction, &document).await?;
    Ok(Some(document))
}

async fn current(transaction: &mut Transaction<'_, Any>, key: &Key) -> sqlx::Result<Option<u64>> {
    let query = sqlx::query_scalar("SELECT revision FROM documents WHERE kind = $1 AND id = $2 AND body IS NOT NULL");
    let revision: Option<i64> = query.bind(key.kind.as_str()).bind(&key.id).fetch_optional(&mut **transaction).await?;
    Ok(revision.map(count))
}

/// Writes a document, or its tombstone, over whatever is there.
pub(super) async fn put(transaction: &mut Transaction<'_, Any>, document: &Document) -> sqlx::Result<()> {
    let query = sqlx::query(
        "INSERT INTO documents (kind, id, revision, due_at, body, changed_at) VALUES ($1, $2, $3, $4, $5, (SELECT now_ms FROM clock)) \
         ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, due_at = excluded.due_at, body = excluded.body, \
         changed_at = excluded.changed_at",
    );
    let query = query.bind(document.key.kind.as_str()).bind(&document.key.id).bind(number(document.revision));
    let query = query.bind(document.due_at.map(Timestamp::as_millis)).bind(document.body.as_ref().map(ToString::to_string));
    query.execute(&mut **transaction).await.map(drop)
}
