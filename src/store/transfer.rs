//! The whole store as JSON: backups, and moving between SQLite and PostgreSQL.
//!
//! It holds what lasts: documents, audit log and events. Lease, replicas, observations, idempotency keys and deliveries
//! under way belong to the moment, and stay where they are.

use serde::{Deserialize, Serialize};
use sqlx::{Any, Transaction};

use super::change::{AuditEntry, NewEvent};
use super::commit::{advance, put};
use super::db::{BULK_ANSWER_WITHIN, Store, bounded_by};
use super::document::Document;
use super::error::{ImportError, StoreError};
use super::history::{AuditRow, Event, Filter, insert_audit, insert_event};
use super::rows::{count, number};
use super::timestamp::Timestamp;

/// Readers of another format must refuse it rather than guess.
const FORMAT: u32 = 1;

/// No store comes this far; counting on from such a number would overflow.
const BEYOND: u64 = 1 << 53;

/// How much history one query brings.
const PAGE: u32 = 1_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    pub format: u32,
    pub exported_at: Timestamp,
    pub revision: u64,
    pub documents: Vec<Document>,
    /// Oldest first, as are the events.
    pub audit: Vec<AuditRow>,
    pub events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Of all imported documents: above the export's and above the store's own, so that every replica takes them over.
    pub revision: u64,
    pub documents: u64,
    /// Documents the store had before.
    pub replaced: u64,
}

impl Store {
    /// Everything that lasts. Commits go on meanwhile; the documents are of one moment, the history is no older.
    ///
    /// # Errors
    /// When the store does not answer, or holds something unreadable.
    pub async fn export(&self) -> Result<Export, StoreError> {
        let delta = self.load().await?;
        let (exported_at,): (i64,) = bounded_by(BULK_ANSWER_WITHIN, async {
            Ok::<_, StoreError>(sqlx::query_as("SELECT now_ms FROM clock").fetch_one(&mut *self.connection().await?).await?)
        })
        .await?;
        let mut audit = Vec::new();
        let mut filter = Filter { limit: PAGE, ..Filter::default() };
        loop {
            let page = self.audit(&filter).await?;
            audit.extend(page.items);
            filter.before = page.next;
            if filter.before.is_none() {
                break;
            }
        }
        audit.reverse();
        let mut events: Vec<Event> = Vec::new();
        loop {
            let page = self.events_after(events.last().map_or(0, |event| event.id), PAGE).await?;
            if page.is_empty() {
                break;
            }
            events.extend(page);
        }
        let exported_at = Timestamp::from_millis(exported_at);
        Ok(Export { format: FORMAT, exported_at, revision: delta.revision, documents: delta.documents, audit, events })
    }

    /// Makes the documents of an export the documents of this store; `force` lets it replace those it has. The export's
    /// history is taken over by a store that has none of its own, and `entry` records the import.
    ///
    /// # Errors
    /// When the export is of another format, the store is not empty, or does not answer; then nothing was changed.
    pub async fn import(&self, export: &Export, force: bool, entry: &AuditEntry) -> Result<Imported, ImportError> {
        check(export)?;
        let imported = bounded_by(BULK_ANSWER_WITHIN, self.take_over(export, force, entry)).await?;
        self.0.changed.send_replace(());
        Ok(imported)
    }

    async fn take_over(&self, export: &Export, force: bool, entry: &AuditEntry) -> Result<Imported, ImportError> {
        let mut transaction = self.begin().await?;
        let before = advance(&mut transaction, 0, 0).await?;
        let replaced: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM documents WHERE body IS NOT NULL").fetch_one(&mut *transaction).await?;
        if replaced > 0 && !force {
            return Err(ImportError::NotEmpty { documents: count(replaced) });
        }
        let newer = (number(export.revision) - before.revision).max(0) + 1;
        let history = if before.last_entry == 0 { restore_history(&mut transaction, export).await? } else { 0 };
        let head = advance(&mut transaction, newer, history + 1).await?;
        replace_documents(&mut transaction, head.revision, &export.documents).await?;
        insert_audit(&mut transaction, head.last_entry, None, head.revision, entry).await?;
        self.announce(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Imported { revision: count(head.revision), documents: export.documents.len() as u64, replaced: count(replaced) })
    }
}

fn check(export: &Export) -> Result<(), ImportError> {
    if export.format != FORMAT {
        return Err(ImportError::Format { found: export.format, known: FORMAT });
    }
    let rising = |ids: Vec<u64>| ids.is_sorted_by(|one, next| one < next) && ids.last().is_none_or(|last| *last < BEYOND);
    let audit = export.audit.iter().map(|row| row.id).collect();
    let events = export.events.iter().map(|event| event.id).collect();
    let places = [(export.revision < BEYOND, "revision"), (rising(audit), "audit"), (rising(events), "events")];
    match places.iter().find(|(sound, _)| !sound) {
        Some((_, place)) => Err(ImportError::Damaged(format!("the numbers of `{place}` are out of order or out of range"))),
        None => Ok(()),
    }
}

/// What was there becomes tombstones, of which the imported documents take back theirs.
async fn replace_documents(transaction: &mut Transaction<'_, Any>, revision: i64, documents: &[Document]) -> sqlx::Result<()> {
    let query = sqlx::query(
        "UPDATE documents SET body = NULL, due_at = NULL, revision = $1, changed_at = (SELECT now_ms FROM clock) WHERE body IS NOT NULL",
    );
    query.bind(revision).execute(&mut **transaction).await?;
    for document in documents {
        put(transaction, &Document { revision: count(revision), ..document.clone() }).await?;
    }
    Ok(())
}

/// Every entry under its old id; returns the highest.
async fn restore_history(transaction: &mut Transaction<'_, Any>, export: &Export) -> sqlx::Result<i64> {
    for row in &export.audit {
        insert_audit(transaction, number(row.id), Some(row.at), number(row.revision), &row.entry).await?;
    }
    for event in &export.events {
        let new = NewEvent { kind: event.kind.clone(), subject: event.subject.clone(), body: event.body.clone() };
        insert_event(transaction, number(event.id), Some(event.at), number(event.revision), &new).await?;
    }
    let ids = export.audit.iter().map(|row| row.id).chain(export.events.iter().map(|event| event.id));
    Ok(ids.max().map_or(0, number))
}
