//! Where the store is: `store.url` and `--store-url`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::postgres_url::PostgresUrl;

/// A file, a PostgreSQL database, or nothing but memory. Printing one never shows a password.
#[derive(Clone)]
pub enum StoreUrl {
    /// One SQLite file, one process.
    File(PathBuf),
    /// Lost with the process: for tests, and for running without durability.
    Memory,
    Postgres(PostgresUrl),
}

/// Why a text is not a [`StoreUrl`]. It does not repeat the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlFault {
    #[error("is empty: write a path such as data/pointsman.db, a URL such as postgres://user@host/database, or memory:")]
    Empty,
    #[error("has the scheme `{0}`: write a path, sqlite://path, postgres://user@host/database or memory:")]
    Scheme(String),
    #[error("is not a URL: {0}")]
    Url(String),
    #[error("has `target_session_attrs={0}`: write any, read-write or primary; a standby takes no writes, so it cannot be the store")]
    Session(String),
    #[error("names no file: write sqlite://data/pointsman.db, or sqlite:///var/lib/pointsman.db for an absolute path")]
    NoFile,
}

impl FromStr for StoreUrl {
    type Err = StoreUrlFault;

    fn from_str(text: &str) -> Result<Self, StoreUrlFault> {
        if text.is_empty() {
            return Err(StoreUrlFault::Empty);
        }
        if text == "memory:" || text == "sqlite::memory:" {
            return Ok(Self::Memory);
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return if path.is_empty() { Err(StoreUrlFault::NoFile) } else { Ok(Self::File(path.into())) };
        }
        match text.split_once("://") {
            None => Ok(Self::File(text.into())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.parse()?)),
            Some((scheme, _)) => Err(StoreUrlFault::Scheme(scheme.to_owned())),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Memory => formatter.write_str("memory:"),
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
