//! There is one leader, and only one.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::{Place, change, eventually, on_both, put, set};
use crate::store::{Change, CommitError, Expected, Fence, Filter, Store};

/// Never runs out during a test.
const LONG: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(1);

on_both!(
    one_replica_holds_the_lease_and_keeps_it,
    an_expired_lease_is_taken_over_with_a_new_epoch,
    a_lease_given_back_is_free_at_once,
    of_many_that_try_one_gets_it,
    a_lease_that_is_known_to_be_over_is_taken_once,
    a_fenced_commit_changes_nothing,
);

async fn one_replica_holds_the_lease_and_keeps_it(place: Place) {
    let store = place.open().await;
    let nobody = store.lease("a").await.expect("the store answers");
    assert_eq!((nobody.held, &nobody.holder, nobody.fence()), (false, &None, None));
    let first = store.acquire_or_renew("a", LONG).await.expect("the store answers");
    assert!(first.held && first.epoch == 1 && first.remaining > LONG / 2 && first.remaining <= LONG, "{first:?}");
    let refused = store.acquire_or_renew("b", LONG).await.expect("the store answers");
    assert_eq!((refused.held, refused.holder.as_deref(), refused.epoch), (false, Some("a"), 1));
    let renewed = store.acquire_or_renew("a", LONG * 2).await.expect("the store answers");
    assert!(renewed.held && renewed.epoch == 1 && renewed.expires > first.expires, "{renewed:?}");
}

async fn an_expired_lease_is_taken_over_with_a_new_epoch(place: Place) {
    let store = place.open().await;
    let first = store.acquire_or_renew("a", SHORT).await.expect("the store answers");
    eventually(async || store.acquire_or_renew("b", LONG).await.expect("the store answers").held).await;
    let second = store.lease("b").await.expect("the store answers");
    assert_eq!((second.held, second.epoch), (true, first.epoch + 1));
    assert!(!store.acquire_or_renew("a", LONG).await.expect("the store answers").held);
}

async fn a_lease_that_is_known_to_be_over_is_taken_once(place: Place) {
    let store = place.open().await;
    let first = store.acquire_or_renew("a", LONG).await.expect("the store answers");
    let seen = store.lease("b").await.expect("the store answers");
    let taken = store.take_stale_lease("b", &seen, LONG).await.expect("the store answers");
    assert_eq!((taken.held, taken.epoch), (true, first.epoch + 1));
    for late in ["c", "a"] {
        let lease = store.take_stale_lease(late, &seen, LONG).await.expect("the store answers");
        assert_eq!((lease.held, lease.holder.as_deref(), lease.epoch), (false, Some("b"), taken.epoch), "{late} looked at an older one");
    }
    let seen = store.lease("c").await.expect("the store answers");
    store.acquire_or_renew("b", LONG * 2).await.expect("the store answers");
    assert!(!store.take_stale_lease("c", &seen, LONG).await.expect("the store answers").held, "it was renewed since");
    assert_eq!(store.commit(fenced(first.fence())).await, Err(CommitError::Fenced { epoch: first.epoch }));
}

async fn a_lease_given_back_is_free_at_once(place: Place) {
    let store = place.open().await;
    let first = store.acquire_or_renew("a", LONG).await.expect("the store answers");
    assert!(!store.release("b").await.expect("the store answers"), "it is not b's");
    assert!(store.release("a").await.expect("the store answers"));
    assert_eq!(store.lease("a").await.expect("the store answers").holder, None);
    assert_eq!(store.commit(fenced(first.fence())).await, Err(CommitError::Fenced { epoch: first.epoch }));
    let again = store.acquire_or_renew("a", LONG).await.expect("the store answers");
    assert_eq!((again.held, again.epoch), (true, first.epoch + 1), "in between it might have been anybody's");
}

async fn of_many_that_try_one_gets_it(place: Place) {
    let store = place.open().await;
    for round in 1..=5 {
        let mut replicas = JoinSet::new();
        for replica in 0..6 {
            let store = place.another(&store).await;
            replicas.spawn(async move { store.acquire_or_renew(&format!("r{replica}"), LONG).await.expect("the store answers") });
        }
        let leases = replicas.join_all().await;
        let held: Vec<_> = leases.iter().filter(|lease| lease.held).collect();
        assert_eq!(held.len(), 1, "{leases:?}");
        assert!(leases.iter().all(|lease| lease.epoch == round && lease.holder == held[0].holder), "{leases:?}");
        assert!(store.release(held[0].holder.as_deref().expect("it is held")).await.expect("the store answers"));
    }
}

fn fenced(fence: Option<Fence>) -> Change {
    Change { fence: Some(fence.expect("the lease is held")), ..change(vec![put("docs", json!("fenced"), Expected::Any)]) }
}

async fn a_fenced_commit_changes_nothing(place: Place) {
    let store = place.open().await;
    let revision = set(&store, "docs", json!("first")).await;
    let old = store.acquire_or_renew("a", SHORT).await.expect("the store answers");
    let written = store.commit(fenced(Some(Fence { replica: "a".to_owned(), epoch: old.epoch }))).await.expect("nobody took it over");
    assert_eq!(written.revision, revision + 1);
    eventually(async || store.acquire_or_renew("b", LONG).await.expect("the store answers").held).await;
    let before = everything(&store).await;
    let late = Fence { replica: "a".to_owned(), epoch: old.epoch };
    assert_eq!(store.commit(fenced(Some(late))).await, Err(CommitError::Fenced { epoch: old.epoch }));
    assert_eq!(everything(&store).await, before);
    let new = store.lease("b").await.expect("the store answers");
    store.commit(fenced(new.fence())).await.expect("the holder may write");
}

async fn everything(store: &Store) -> (crate::store::Delta, usize) {
    let audit = store.audit(&Filter { limit: 100, ..Filter::default() }).await.expect("the store answers");
    (store.load().await.expect("the store answers"), audit.items.len())
}
