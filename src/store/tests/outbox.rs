//! Deliveries: made at least once, in order, and not by two at a time.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::{Place, Timestamp, change, on_both};
use crate::store::{CommitError, Delivery, Fence, Filter, NewDelivery, NewEvent, Store};

const HOLD: Duration = Duration::from_secs(30);
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

on_both!(
    an_event_is_delivered_as_it_is_stored,
    the_oldest_goes_first_and_the_rest_waits_for_it,
    destinations_do_not_wait_for_each_other,
    two_controllers_never_claim_the_same,
    only_the_controller_claims,
    a_failed_delivery_comes_back_when_it_is_due,
    a_claim_that_ran_out_no_longer_counts,
    a_delivery_given_up_is_counted,
    what_nobody_takes_is_given_up_by_its_age,
);

async fn fence(store: &Store) -> Fence {
    let lease = store.acquire_or_renew("controller", Duration::from_secs(60)).await.expect("the store answers");
    lease.fence().expect("nobody else wants it")
}

/// One commit with these events, all of which `destination` is owed.
async fn owe(store: &Store, destination: &str, numbers: std::ops::Range<usize>) {
    let mut change = change(vec![]);
    change.outbox = (0..numbers.len()).map(|event| NewDelivery { destination: destination.to_owned(), event }).collect();
    let event = |number| NewEvent { kind: "test.number".to_owned(), subject: "docs".to_owned(), body: json!(number) };
    change.events = numbers.map(event).collect();
    store.commit(change).await.expect("nothing is expected");
}

async fn claim(store: &Store, destination: &str, now: Timestamp) -> Option<Delivery> {
    store.claim_delivery(&fence(store).await, destination, now, HOLD).await.expect("the store answers")
}

async fn first(store: &Store, now: Timestamp) -> Delivery {
    claim(store, "hook", now).await.expect("one is due")
}

async fn pending(store: &Store) -> (u64, u64) {
    let backlog = store.backlog().await.expect("the store answers");
    backlog.iter().fold((0, 0), |(pending, dead), of| (pending + of.pending, dead + of.dead))
}

async fn an_event_is_delivered_as_it_is_stored(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 7..8).await;
    let stored = store.events(&Filter { limit: 1, ..Filter::default() }).await.expect("the store answers").items.remove(0);
    assert_eq!(first(&store, NOW).await.event, stored);
}

async fn the_oldest_goes_first_and_the_rest_waits_for_it(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..3).await;
    for number in 0..3 {
        let claimed = first(&store, NOW).await;
        assert_eq!(claimed.event.body, json!(number));
        assert_eq!(claim(&store, "hook", NOW).await, None, "the next one waits until this one is settled");
        assert!(store.delivered(&claimed).await.expect("the store answers"));
    }
    assert_eq!((claim(&store, "hook", NOW).await, pending(&store).await), (None, (0, 0)));
}

async fn destinations_do_not_wait_for_each_other(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..1).await;
    owe(&store, "other", 1..2).await;
    first(&store, NOW).await;
    assert_eq!(claim(&store, "other", NOW).await.expect("it is due").event.body, json!(1));
    let names: Vec<_> = store.backlog().await.expect("the store answers").into_iter().map(|of| of.destination).collect();
    assert_eq!(names, ["hook", "other"]);
}

async fn two_controllers_never_claim_the_same(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..1).await;
    let fence = fence(&store).await;
    let mut claims = JoinSet::new();
    for _ in 0..8 {
        let (store, fence) = (place.another(&store).await, fence.clone());
        claims.spawn(async move { store.claim_delivery(&fence, "hook", NOW, HOLD).await.expect("the store answers") });
    }
    assert_eq!(claims.join_all().await.into_iter().flatten().count(), 1);
}

async fn only_the_controller_claims(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..1).await;
    let late = Fence { epoch: fence(&store).await.epoch - 1, ..fence(&store).await };
    let refused = store.claim_delivery(&late, "hook", NOW, HOLD).await;
    assert!(matches!(refused, Err(CommitError::Fenced { .. })), "{refused:?}");
    assert_eq!(first(&store, NOW).await.attempts, 1, "nothing was claimed");
}

async fn a_failed_delivery_comes_back_when_it_is_due(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..2).await;
    let tried = first(&store, NOW).await;
    let later = NOW.saturating_add(Duration::from_secs(5));
    assert!(store.delivery_failed(&tried, later, "503 from the\0 hook").await.expect("the store answers"));
    assert_eq!(claim(&store, "hook", NOW).await, None, "the second one does not overtake it");
    assert_eq!(store.next_delivery("hook").await, Ok(Some(later)));
    let again = first(&store, later).await;
    assert_eq!((again.id, tried.attempts, again.attempts), (tried.id, 1, 2));
}

async fn a_claim_that_ran_out_no_longer_counts(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..1).await;
    let slow = first(&store, NOW).await;
    let later = NOW.saturating_add(HOLD);
    let second = first(&store, later).await;
    assert!(!store.delivery_failed(&slow, later, "too slow").await.expect("the store answers"));
    assert!(!store.delivered(&slow).await.expect("the store answers"));
    assert!(store.delivered(&second).await.expect("the store answers"));
}

async fn a_delivery_given_up_is_counted(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..2).await;
    let tried = first(&store, NOW).await;
    assert!(store.give_up_delivery(&tried, NOW, "gone").await.expect("the store answers"));
    assert_eq!(pending(&store).await, (1, 1));
    assert_eq!(first(&store, NOW).await.event.body, json!(1), "what was given up is not tried again, and holds up nothing");
}

async fn what_nobody_takes_is_given_up_by_its_age(place: Place) {
    let store = place.open().await;
    owe(&store, "hook", 0..2).await;
    assert_eq!(store.give_up_older("hook", Duration::from_secs(3_600), "not configured").await, Ok(0));
    assert_eq!(store.give_up_older("other", Duration::ZERO, "not configured").await, Ok(0));
    assert_eq!(store.give_up_older("hook", Duration::ZERO, "not configured").await, Ok(2));
    assert_eq!((pending(&store).await, store.next_delivery("hook").await), ((0, 2), Ok(None)));
}
