//! The same request twice.

use serde_json::json;
use tokio::task::JoinSet;

use super::{Place, change, on_both, put};
use crate::store::{Change, CommitError, Expected, IdempotencyKey, Replay};

on_both!(a_repeated_request_gets_the_first_answer, a_key_belongs_to_one_request, of_equal_requests_at_once_one_is_carried_out);

fn key(fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey { key: "k-1".to_owned(), fingerprint: fingerprint.to_owned(), answer: json!({"id": fingerprint}) }
}

fn creation(fingerprint: &str) -> Change {
    Change { idempotency: Some(key(fingerprint)), ..change(vec![put(fingerprint, json!(1), Expected::Absent)]) }
}

async fn a_repeated_request_gets_the_first_answer(place: Place) {
    let store = place.open().await;
    assert_eq!(store.replayed(&key("a")).await, Ok(None));
    let first = store.commit(creation("a")).await.expect("nothing is there");
    let replay = Replay { revision: first.revision, answer: json!({"id": "a"}) };
    assert_eq!(store.commit(creation("a")).await, Err(CommitError::Replayed(replay.clone())), "and not a conflict");
    assert_eq!(store.replayed(&key("a")).await, Ok(Some(replay)));
    assert_eq!(store.load().await.expect("the store answers").revision, first.revision);
}

async fn a_key_belongs_to_one_request(place: Place) {
    let store = place.open().await;
    store.commit(creation("a")).await.expect("nothing is there");
    let reused = CommitError::KeyReused("k-1".to_owned());
    assert_eq!(store.commit(creation("b")).await, Err(reused.clone()));
    assert_eq!(store.replayed(&key("b")).await, Err(reused));
    assert_eq!(store.load().await.expect("the store answers").documents.len(), 1);
}

async fn of_equal_requests_at_once_one_is_carried_out(place: Place) {
    let store = place.open().await;
    let mut requests = JoinSet::new();
    for _ in 0..6 {
        let store = place.another(&store).await;
        requests.spawn(async move { store.commit(creation("a")).await });
    }
    let outcomes = requests.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(CommitError::Replayed(_)))).count(), 5, "{outcomes:?}");
}
