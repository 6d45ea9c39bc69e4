//! What has happened: the audit log, for people who ask who did what, and events, for those who follow along.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::change::{AuditEntry, NewEvent};
use super::db::{Store, bounded};
use super::error::StoreError;
use super::rows::{count, json, number, text};
use super::timestamp::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    pub id: u64,
    /// By the database's clock.
    pub at: Timestamp,
    /// The store's after the change, or at the failure.
    pub revision: u64,
    #[serde(flatten)]
    pub entry: AuditEntry,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Grows with every commit; what a follower continues after.
    pub id: u64,
    pub at: Timestamp,
    pub revision: u64,
    pub kind: String,
    pub subject: String,
    pub body: Value,
}

/// Which part of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub subject: Option<String>,
    /// The [`Page::next`] of the page before.
    pub before: Option<u64>,
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next: Option<u64>,
}

type AuditColumns = (i64, i64, i64, String, String, String, Option<String>, Option<String>, Option<String>, String);
type EventColumns = (i64, i64, i64, String, String, String);

const AUDIT_COLUMNS: &str = "id, at, revision, actor, action, subject, before_body, after_body, reason, result";
const EVENT_COLUMNS: &str = "id, at, revision, kind, subject, body";
/// `$1` is the subject or null, `$2` the id to stay below, `$3` how many.
const NEWEST_FIRST: &str = "WHERE (CAST($1 AS TEXT) IS NULL OR subject = $1) AND id < $2 ORDER BY id DESC LIMIT $3";

impl Store {
    /// # Errors
    /// When the store does not answer, or holds something unreadable.
    pub async fn audit(&self, filter: &Filter) -> Result<Page<AuditRow>, StoreError> {
        bounded(async {
            let statement = format!("SELECT {AUDIT_COLUMNS} FROM audit {NEWEST_FIRST}");
            let query = sqlx::query_as(AssertSqlSafe(statement)).bind(filter.subject.as_deref()).bind(below(filter)).bind(one_more(filter));
            let rows: Vec<AuditColumns> = query.fetch_all(&mut *self.connection().await?).await?;
            let rows = rows.into_iter().map(audit_row).collect::<Result<_, _>>()?;
            Ok(page(rows, filter, |row: &AuditRow| row.id))
        })
        .await
    }

    /// # Errors
    /// As [`Self::audit`].
    pub async fn events(&self, filter: &Filter) -> Result<Page<Event>, StoreError> {
        bounded(async {
            let statement = format!("SELECT {EVENT_COLUMNS} FROM events {NEWEST_FIRST}");
            let query = sqlx::query_as(AssertSqlSafe(statement)).bind(filter.subject.as_deref()).bind(below(filter)).bind(one_more(filter));
            let rows: Vec<EventColumns> = query.fetch_all(&mut *self.connection().await?).await?;
            let rows = rows.into_iter().map(event).collect::<Result<_, _>>()?;
            Ok(page(rows, filter, |event: &Event| event.id))
        })
        .await
    }

    /// Up to `limit` events younger than `id`, oldest first. Ids become visible in order, so following them misses none.
    ///
    /// # Errors
    /// As [`Self::audit`].
    pub async fn events_after(&self, id: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        bounded(async {
            let statement = format!("SELECT {EVENT_COLUMNS} FROM events WHERE id > $1 ORDER BY id LIMIT $2");
            let query = sqlx::query_as(AssertSqlSafe(statement)).bind(number(id)).bind(i64::from(limit));
            let rows: Vec<EventColumns> = query.fetch_all(&mut *self.connection().await?).await?;
            rows.into_iter().map(event).collect()
        })
        .await
    }
}

fn below(filter: &Filter) -> i64 {
    filter.before.map_or(i64::MAX, number)
}

/// The one too many tells whether there is a next page.
fn one_more(filter: &Filter) -> i64 {
    i64::from(filter.limit) + 1
}

fn page<T>(mut items: Vec<T>, filter: &Filter, id: impl Fn(&T) -> u64) -> Page<T> {
    let limit = filter.limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().map(id).filter(|_| more);
    Page { items, next }
}

/// Without a time of its own, an entry is of now.
pub(super) async fn insert_audit(
    transaction: &mut Transaction<'_, Any>,
    id: i64,
    at: Option<Timestamp>,
    revision: i64,
    entry: &AuditEntry,
) -> sqlx::Result<()> {
    let query = sqlx::query(
        "INSERT INTO audit (id, at, revision, actor, action, subject, before_body, after_body, reason, result) \
         VALUES ($1, COALESCE($2, (SELECT now_ms FROM clock)), $3, $4, $5, $6, $7, $8, $9, $10)",
    );
    let query = query
        .bind(id)
        .bind(at.map(Timestamp::as_millis))
        .bind(revision)
        .bind(text(&entry.actor))
        .bind(text(&entry.action))
        .bind(text(&entry.subject));
    let query = query.bind(entry.before.as_ref().map(ToString::to_string)).bind(entry.after.as_ref().map(ToString::to_string));
    let query = query.bind(entry.reason.as_deref().map(text)).bind(text(&entry.result));
    query.execute(&mut **transaction).await.map(drop)
}

/// The event as it is stored.
pub(super) async fn insert_event(
    transaction: &mut Transaction<'_, Any>,
    id: i64,
    at: Option<Timestamp>,
    revision: i64,
    event: &NewEvent,
) -> sqlx::Result<Event> {
    let query = sqlx::query_scalar(
        "INSERT INTO events (id, at, revision, kind, subject, body) VALUES ($1, COALESCE($2, (SELECT now_ms FROM clock)), $3, $4, $5, $6) \
         RETURNING at",
    );
    let (kind, subject) = (text(&event.kind), text(&event.subject));
    let query = query.bind(id).bind(at.map(Timestamp::as_millis)).bind(revision).bind(&kind).bind(&subject).bind(event.body.to_string());
    let at = query.fetch_one(&mut **transaction).await.map(Timestamp::from_millis)?;
    Ok(Event { id: count(id), at, revision: count(revision), kind, subject, body: event.body.clone() })
}

fn audit_row(columns: AuditColumns) -> Result<AuditRow, StoreError> {
    let (id, at, revision, actor, action, subject, before, after, reason, result) = columns;
    let body = |text: Option<String>| text.map(|text| json(&text, || format!("audit row {id}"))).transpose();
    let entry = AuditEntry { actor, action, subject, before: body(before)?, after: body(after)?, reason, result };
    Ok(AuditRow { id: count(id), at: Timestamp::from_millis(at), revision: count(revision), entry })
}

fn event((id, at, revision, kind, subject, body): EventColumns) -> Result<Event, StoreError> {
    let body = json(&body, || format!("event {id}"))?;
    Ok(Event { id: count(id), at: Timestamp::from_millis(at), revision: count(revision), kind, subject, body })
}
