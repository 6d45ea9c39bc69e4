//! Deliveries: made at least once, and not by two at a time.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::{Place, Timestamp, change, eventually, on_both};
use crate::store::{Delivery, NewDelivery, OutboxCounts, Store};

const HOLD: Duration = Duration::from_secs(30);
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

on_both!(
    a_claimed_delivery_is_nobody_elses,
    two_replicas_never_claim_the_same,
    a_failed_delivery_comes_back_when_it_is_due,
    a_claim_that_ran_out_no_longer_counts,
    a_delivery_given_up_is_counted,
);

async fn enqueue(store: &Store, numbers: std::ops::Range<u32>) {
    let mut change = change(vec![]);
    change.outbox = numbers.map(|number| NewDelivery { destination: "hook".to_owned(), body: json!(number) }).collect();
    store.commit(change).await.expect("nothing is expected");
}

async fn claim(store: &Store, now: Timestamp) -> Vec<Delivery> {
    store.claim_deliveries(10, now, HOLD).await.expect("the store answers")
}

async fn a_claimed_delivery_is_nobody_elses(place: Place) {
    let store = place.open().await;
    enqueue(&store, 0..3).await;
    let claimed = store.claim_deliveries(2, NOW, HOLD).await.expect("the store answers");
    assert_eq!(claimed.iter().map(|delivery| delivery.body.clone()).collect::<Vec<_>>(), [json!(0), json!(1)]);
    assert_eq!(claimed[0].destination, "hook");
    let rest = claim(&store, NOW).await;
    assert_eq!(rest.len(), 1);
    for delivery in claimed.iter().chain(&rest) {
        assert!(store.delivered(delivery).await.expect("the store answers"));
    }
    assert_eq!(store.outbox_counts().await, Ok(OutboxCounts { pending: 0, dead: 0 }));
}

async fn two_replicas_never_claim_the_same(place: Place) {
    let store = place.open().await;
    enqueue(&store, 0..40).await;
    let mut replicas = JoinSet::new();
    for _ in 0..4 {
        let store = place.another(&store).await;
        replicas.spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..20 {
                mine.extend(store.claim_deliveries(3, NOW, HOLD).await.expect("the store answers"));
            }
            mine
        });
    }
    let mut claimed: Vec<_> = replicas.join_all().await.into_iter().flatten().map(|delivery| delivery.id).collect();
    claimed.sort_unstable();
    let all = claimed.len();
    claimed.dedup();
    assert_eq!((claimed.len(), all), (40, 40), "each once");
}

async fn a_failed_delivery_comes_back_when_it_is_due(place: Place) {
    let store = place.open().await;
    enqueue(&store, 0..1).await;
    let first = claim(&store, NOW).await.remove(0);
    let later = NOW.saturating_add(Duration::from_secs(5));
    assert!(store.delivery_failed(&first, later, "503 from the\0 hook").await.expect("the store answers"));
    assert!(claim(&store, NOW).await.is_empty());
    let second = claim(&store, later).await.remove(0);
    assert_eq!((second.id, first.attempts, second.attempts), (first.id, 1, 2));
}

async fn a_claim_that_ran_out_no_longer_counts(place: Place) {
    let store = place.open().await;
    enqueue(&store, 0..1).await;
    let slow = claim(&store, NOW).await.remove(0);
    let later = NOW.saturating_add(HOLD);
    let second = claim(&store, later).await.remove(0);
    assert!(!store.delivery_failed(&slow, later, "too slow").await.expect("the store answers"));
    assert!(!store.delivered(&slow).await.expect("the store answers"));
    assert!(store.delivered(&second).await.expect("the store answers"));
}

async fn a_delivery_given_up_is_counted(place: Place) {
    let store = place.open().await;
    enqueue(&store, 0..2).await;
    let claimed = claim(&store, NOW).await;
    assert!(store.give_up_delivery(&claimed[0], NOW, "gone").await.expect("the store answers"));
    assert_eq!(store.outbox_counts().await, Ok(OutboxCounts { pending: 1, dead: 1 }));
    assert_eq!(claim(&store, NOW.saturating_add(HOLD)).await.len(), 1, "what was given up is not tried again");
}

/// Two replicas choose the same row, and the second has to wait for the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_had_to_wait_looks_again() {
    let place = Place::database();
    let (store, another) = (place.open().await, place.open().await);
    enqueue(&store, 0..1).await;
    let mut first = store.begin().await.expect("the store answers");
    let claim_it = "UPDATE outbox SET attempts = 1, next_attempt_at = 9000000";
    sqlx::query(claim_it).execute(&mut *first).await.expect("it is our store");
    let second = tokio::spawn(async move { claim(&another, NOW).await });
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    eventually(async || sqlx::query_scalar::<_, i64>(waiting).fetch_one(&store.0.pool).await.expect("it is our server") == 1).await;
    first.commit().await.expect("nothing stands against it");
    assert_eq!(second.await.expect("it does not fail"), []);
}
