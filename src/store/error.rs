//! What can go wrong with the store, and what to do about it.

use super::change::Replay;
use super::key::Key;
use super::pooler::told;

/// Why the store could not be opened. Nothing was changed: what is there may be all there is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the store {store} cannot be reached: {reason}")]
    Unreachable { store: String, reason: String },
    #[error("the store {path} is in use by {by}: stop it, or give this one another store.url")]
    InUse { path: String, by: String },
    #[error(
        "the store {path} is damaged and was left as it is: {reason}. Put back a copy of the file, or move it away and import an export \
         (`pointsman store import`); without it the store starts empty"
    )]
    Damaged { path: String, reason: String },
    #[error("{path} is not a store of Pointsman and was left as it is: name another file in store.url")]
    NotAStore { path: String },
    #[error(
        "the store {store} was written by a newer Pointsman: it has schema {found}, this version knows {known}. Start the newer version, \
         or import an export (`pointsman store import`) into an empty store"
    )]
    Newer { store: String, found: i64, known: i64 },
    #[error("the store {store} has schema {found}, this version reads {known}: start `pointsman serve` once, which brings it up to date")]
    Older { store: String, found: i64, known: i64 },
    #[error("there is no store at {path}")]
    Missing { path: String },
    #[error("{path}: {action}: {source}")]
    Io { path: String, action: &'static str, source: std::io::Error },
}

/// Why the store could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// It answers, but what it holds is not what was written.
    #[error("the store holds something unreadable at {place}: {reason}; restore it from a copy or an export")]
    Unreadable { place: String, reason: String },
}

/// Why a change was not made.
///
/// After [`StoreError::Unavailable`] it may have been made all the same: the connection may have been lost between the
/// commit and its confirmation. A retry uses the expected revisions of the first attempt, or with its
/// idempotency key, and is then told.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommitError {
    #[error("{key} is {}; read it again before changing it", shown(*current))]
    Conflict { key: Key, current: Option<u64> },
    #[error("another replica has taken over the lease since epoch {epoch}: nothing was changed")]
    Fenced { epoch: u64 },
    /// This very request was carried out before; here is its answer.
    #[error("this request was carried out before, at revision {}", .0.revision)]
    Replayed(Replay),
    #[error("the idempotency key `{0}` was used for a different request; choose another")]
    KeyReused(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an export was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the export has format {found}, this version reads format {known}")]
    Format { found: u32, known: u32 },
    #[error("the export is damaged: {0}; take another one")]
    Damaged(String),
    #[error("the store already holds {documents} documents: import into an empty one, or force it to replace them")]
    NotEmpty { documents: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn shown(revision: Option<u64>) -> String {
    revision.map_or_else(|| "not there".to_owned(), |revision| format!("at revision {revision}"))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection could be had in time".to_owned()),
            error => Self::Unavailable(told(&error)),
        }
    }
}

impl From<sqlx::Error> for CommitError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
