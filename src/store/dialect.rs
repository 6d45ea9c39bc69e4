//! The few places where SQLite and PostgreSQL cannot share their text.

/// PostgreSQL gives up by itself what no client waits for any more: a replica cut off in the middle of a commit must not
/// keep the others waiting for its locks. Milliseconds; the client's own patience is [`super::db::ANSWER_WITHIN`].
const POSTGRES_SESSION: &str = "SET statement_timeout = 10000; SET lock_timeout = 5000; \
     SET idle_in_transaction_session_timeout = 5000; SET default_transaction_isolation = 'read committed'";

/// Acknowledged means on disk: in WAL mode only `FULL` syncs at every commit.
const SQLITE_SESSION: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 3000";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The clock of the database in UTC milliseconds, also within a transaction.
    pub(super) fn now_ms(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(ROUND(unixepoch('now', 'subsec') * 1000) AS INTEGER)",
            Self::Postgres => "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)",
        }
    }

    /// What each new connection is told before it is used.
    pub(super) fn session(self) -> &'static str {
        match self {
            Self::Sqlite => SQLITE_SESSION,
            Self::Postgres => POSTGRES_SESSION,
        }
    }
}
