//! The database goes away and comes back.

use std::time::Duration;

use serde_json::json;

use super::postgres_server::Cluster;
use super::{NEVER, PATIENCE, commit, eventually, put, set};
use crate::store::{CommitError, Expected, OpenError, Store, StoreError, StoreUrl};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_server_is_unavailable_and_then_itself_again() {
    let mut cluster = Cluster::start();
    let url: StoreUrl = cluster.database().parse().expect("it is legal");
    let store = Store::open(&url).await.expect("the store opens");
    let another = Store::open(&url).await.expect("the store opens");
    let revision = set(&store, "docs", json!(1)).await;

    cluster.crash();
    let lost = commit(&store, vec![put("docs", json!(2), Expected::Revision(revision))]).await;
    assert!(matches!(lost, Err(CommitError::Store(StoreError::Unavailable(_)))), "{lost:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.load().await, Err(StoreError::Unavailable(_))));
    let refused = Store::open(&url).await.expect_err("there is no server");
    assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");

    cluster.restart();
    eventually(async || store.ping().await.is_ok()).await;
    let after = commit(&store, vec![put("docs", json!(2), Expected::Revision(revision))]).await.expect("nothing was lost");
    assert_eq!(after.revision, revision + 1);
    let mut changes = another.changes(NEVER);
    eventually(async || {
        set(&store, "docs", json!(3)).await;
        tokio::time::timeout(Duration::from_millis(50), changes.next()).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn an_unreachable_server_is_a_clear_reason_without_the_password() {
    // Kept to the end, so that no other process is given the port and listens there.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let nobody = socket.local_addr().expect("it is bound");
    let url: StoreUrl = format!("postgres://ada:secret@{nobody}/points").parse().expect("it is legal");
    let error = Store::open(&url).await.expect_err("nobody listens").to_string();
    assert!(error.contains(&format!("postgres://ada@{nobody}/points")) && error.contains("refused"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

/// A replica cut off in the middle of a commit holds its locks until the server notices. Others must not wait for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_hangs_is_given_up_and_holds_nobody_up_for_ever() {
    let url: StoreUrl = Cluster::shared().database().parse().expect("it is legal");
    let store = Store::open(&url).await.expect("the store opens");
    let stuck = Store::open(&url).await.expect("the store opens");
    let mut transaction = stuck.begin().await.expect("the store answers");
    sqlx::query("UPDATE head SET revision = revision").execute(&mut *transaction).await.expect("it is our store");
    let committed = async { while commit(&store, vec![put("docs", json!(1), Expected::Any)]).await.is_err() {} };
    tokio::time::timeout(PATIENCE, committed).await.expect("the server ends the idle transaction");
    transaction.commit().await.expect_err("its session is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_migrate_once() {
    let url: StoreUrl = Cluster::shared().database().parse().expect("it is legal");
    let mut replicas = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let url = url.clone();
        replicas.spawn(async move { Store::open(&url).await.map(drop) });
    }
    for opened in replicas.join_all().await {
        opened.expect("each of them opens");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_systems_share_a_database_in_schemas_of_their_own() {
    let database = Cluster::shared().database();
    let admin = Store::open(&database.parse().expect("it is legal")).await.expect("the store opens");
    sqlx::query("CREATE SCHEMA staging").execute(&admin.0.pool).await.expect("it is legal");
    let staging: StoreUrl = format!("{database}&options=-csearch_path%3Dstaging").parse().expect("it is legal");
    let staging = Store::open(&staging).await.expect("the store opens");
    set(&staging, "docs", json!(1)).await;
    assert!(admin.load().await.expect("the store answers").documents.is_empty());
}

/// The pool lets go of a connection that it cannot be sure of; what is in memory must not go with it.
#[tokio::test]
async fn what_is_in_memory_outlives_a_connection_of_the_pool() {
    let store = Store::open(&StoreUrl::Memory).await.expect("the store opens");
    let other = Store::open(&StoreUrl::Memory).await.expect("the store opens");
    let revision = set(&store, "docs", json!(1)).await;
    store.0.pool.acquire().await.expect("a connection").close().await.expect("it is closed");
    assert_eq!(store.load().await.expect("it is all there").revision, revision);
    assert_eq!(other.load().await.expect("it answers").revision, 0, "another store in memory is another store");
}
