//! Reading documents: all of them, what has changed, and what is due.

use super::db::{Store, bounded};
use super::document::{Delta, Document};
use super::error::StoreError;
use super::key::Kind;
use super::rows::{self, Columns, count, number};
use super::timestamp::Timestamp;

/// One statement, so head and documents are of one moment. The join keeps the head when no document has changed. Whoever
/// is older than the horizon, or newer than the head (somebody put an old copy of the database back), gets everything.
const SINCE: &str = "SELECT h.revision, h.whole, d.kind, d.id, d.revision, d.due_at, d.body \
     FROM (SELECT revision, CASE WHEN $1 < horizon OR $1 > revision OR $1 = 0 THEN 1 ELSE 0 END AS whole FROM head) h \
     LEFT JOIN documents d ON d.revision > CASE WHEN h.whole = 1 THEN 0 ELSE $1 END AND (h.whole = 0 OR d.body IS NOT NULL) \
     ORDER BY d.revision, d.kind, d.id";

type Row = (i64, i64, Option<String>, Option<String>, Option<i64>, Option<i64>, Option<String>);

impl Store {
    /// All documents there are, and the revision at which these are all.
    ///
    /// # Errors
    /// When the store does not answer, or holds something unreadable.
    pub async fn load(&self) -> Result<Delta, StoreError> {
        self.changed_since(0).await
    }

    /// What was put or deleted after `revision`. Now and then that is no longer known; then the answer is
    /// [whole](Delta::whole).
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn changed_since(&self, revision: u64) -> Result<Delta, StoreError> {
        let moved = self.0.servers.as_ref().filter(|servers| servers.take_move());
        let since = if moved.is_some() { 0 } else { revision };
        let read = self.read_since(since).await;
        if let (Some(servers), Err(_)) = (moved, &read) {
            servers.put_move_back();
        }
        read
    }

    async fn read_since(&self, revision: u64) -> Result<Delta, StoreError> {
        bounded(async {
            let rows: Vec<Row> = sqlx::query_as(SINCE).bind(number(revision)).fetch_all(&mut *self.connection().await?).await?;
            let mut delta = Delta { revision: 0, whole: false, documents: Vec::with_capacity(rows.len()) };
            for (head, whole, kind, id, revision, due_at, body) in rows {
                (delta.revision, delta.whole) = (count(head), whole != 0);
                if let (Some(kind), Some(id), Some(revision)) = (kind, id, revision) {
                    delta.documents.push(rows::document((kind, id, revision, due_at, body))?);
                }
            }
            Ok(delta)
        })
        .await
    }

    /// The documents of a kind whose due time has come, the longest overdue first.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn due(&self, kind: &Kind, now: Timestamp) -> Result<Vec<Document>, StoreError> {
        bounded(async {
            let query = sqlx::query_as(
                "SELECT kind, id, revision, due_at, body FROM documents WHERE kind = $1 AND due_at <= $2 AND body IS NOT NULL \
                 ORDER BY due_at, id",
            );
            let rows: Vec<Columns> = query.bind(kind.as_str()).bind(now.as_millis()).fetch_all(&mut *self.connection().await?).await?;
            rows.into_iter().map(rows::document).collect()
        })
        .await
    }
}
