//! What the store promises, on both databases. A test is written once, takes a [`Place`], and is listed in `on_both!`.

#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;

mod changes;
mod concurrency;
mod crash;
mod documents;
mod files;
mod history;
mod idempotency;
mod lease;
mod outage;
mod outbox;
mod replicas;
mod retention;
mod servers;
mod transfer;
mod urls;

use std::time::Duration;

use serde_json::{Value, json};

use super::{AuditEntry, Change, CommitError, Committed, Expected, Key, Kind, Store, StoreUrl, Timestamp, Write};
use postgres_server::Cluster;

/// Longer than anything takes on a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);
/// A polling interval that never comes.
const NEVER: Duration = Duration::from_secs(86_400);

const ROUTE: Kind = Kind::new("route");
const CANARY: Kind = Kind::new("canary");

/// Runs each test once in a SQLite file and once in a PostgreSQL database.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::store::tests::Place::file()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::store::tests::Place::database()).await;
            })*
        }
    };
}
use on_both;

/// Where one test keeps its store.
struct Place {
    url: String,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    fn file() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = folder.path().join("pointsman.db").to_str().expect("it is UTF-8").to_owned();
        Self { url, _folder: Some(folder) }
    }

    fn database() -> Self {
        Self { url: Cluster::shared().database(), _folder: None }
    }

    fn url(&self) -> StoreUrl {
        self.url.parse().expect("it is legal")
    }

    async fn open(&self) -> Store {
        Store::open(&self.url()).await.expect("the store opens")
    }

    /// What another replica would hold: a file has only one, so there it is the same.
    async fn another(&self, store: &Store) -> Store {
        if self._folder.is_some() { store.clone() } else { self.open().await }
    }
}

fn entry(subject: &str) -> AuditEntry {
    AuditEntry {
        actor: "operator".to_owned(),
        action: "route.put".to_owned(),
        subject: subject.to_owned(),
        before: None,
        after: Some(json!({"weight": 5})),
        reason: Some("because".to_owned()),
        result: "ok".to_owned(),
    }
}

fn put(id: &str, body: Value, expected: Expected) -> Write {
    Write::Put { key: Key::new(ROUTE, id), body, due_at: None, expected }
}

fn delete(id: &str, expected: Expected) -> Write {
    Write::Delete { key: Key::new(ROUTE, id), expected }
}

fn change(writes: Vec<Write>) -> Change {
    Change::new(entry("docs"), writes)
}

async fn commit(store: &Store, writes: Vec<Write>) -> Result<Committed, CommitError> {
    store.commit(change(writes)).await
}

/// Puts a document whatever is there; returns its revision.
async fn set(store: &Store, id: &str, body: Value) -> u64 {
    commit(store, vec![put(id, body, Expected::Any)]).await.expect("nothing is expected").revision
}

/// Waits until `condition` holds.
async fn eventually(mut condition: impl AsyncFnMut() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, holds).await.expect("it holds in time");
}
