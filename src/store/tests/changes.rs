//! One call is enough to hear of a change.

use std::time::Duration;

use serde_json::json;

use super::postgres_server::Cluster;
use super::{NEVER, PATIENCE, Place, eventually, on_both, set};
use crate::store::{Changes, Store};

on_both!(a_commit_wakes_who_waits, a_change_between_two_looks_is_not_missed);

async fn woken(changes: &mut Changes) {
    tokio::time::timeout(PATIENCE, changes.next()).await.expect("it is woken");
}

/// Follows as a replica does, until it has seen `revision`.
async fn follow(store: &Store, changes: &mut Changes, revision: u64) {
    while store.load().await.expect("the store answers").revision < revision {
        woken(changes).await;
    }
}

async fn a_commit_wakes_who_waits(place: Place) {
    let store = place.open().await;
    let another = place.another(&store).await;
    let mut changes = another.changes(NEVER);
    let waiting = tokio::spawn(async move {
        follow(&another, &mut changes, 1).await;
    });
    set(&store, "docs", json!(1)).await;
    waiting.await.expect("it was woken");
}

async fn a_change_between_two_looks_is_not_missed(place: Place) {
    let store = place.open().await;
    let mut changes = store.changes(NEVER);
    for round in 0..3 {
        set(&store, "docs", json!(round)).await;
        woken(&mut changes).await;
    }
}

/// Returns when commits of `store` wake `another`: again and again, since connecting wakes too, but once.
async fn listens(store: &Store, another: &Store) {
    let mut changes = another.changes(NEVER);
    for _ in 0..3 {
        eventually(async || {
            set(store, "noise", json!(0)).await;
            tokio::time::timeout(Duration::from_millis(50), changes.next()).await.is_ok()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_listens_again() {
    let place = Place::database();
    let (store, another) = (place.open().await, place.open().await);
    listens(&store, &another).await;
    let listeners =
        "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
    let ended: i64 = sqlx::query_scalar(listeners).fetch_one(&store.0.pool).await.expect("it is our server");
    assert!(ended >= 1, "no listener was found");
    listens(&store, &another).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_finds_what_was_not_announced() {
    let place = Place::database();
    let (store, another) = (place.open().await, place.open().await);
    let mut changes = another.changes(Duration::from_millis(50));
    // As a commit does it, but silently.
    let silently = "WITH advanced AS (UPDATE head SET revision = revision + 1 RETURNING revision) \
         INSERT INTO documents (kind, id, revision, body, changed_at) SELECT 'route', 'docs', revision, '1', 0 FROM advanced";
    sqlx::query(silently).execute(&store.0.pool).await.expect("it is legal");
    follow(&another, &mut changes, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_reach_all_who_are_there() {
    let url = Cluster::shared().database().parse().expect("it is legal");
    let open = async || Store::open(&url).await.expect("the store opens");
    let (store, first, second) = (open().await, open().await, open().await);
    listens(&store, &first).await;
    listens(&store, &second).await;
    let (mut to_first, mut to_second) = (first.changes(NEVER), second.changes(NEVER));
    let revision = set(&store, "docs", json!(1)).await;
    follow(&first, &mut to_first, revision).await;
    follow(&second, &mut to_second, revision).await;
}
