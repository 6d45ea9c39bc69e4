//! Many at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Place, commit, on_both, put, set};
use crate::store::{CommitError, Expected, NewEvent, Store};

const WRITERS: u64 = 8;
const COMMITS: u64 = 15;

on_both!(one_of_many_wins, no_increment_is_lost, a_reader_that_catches_up_misses_nothing, followers_of_events_miss_none);

async fn one_of_many_wins(place: Place) {
    let store = place.open().await;
    let another = place.another(&store).await;
    let revision = set(&store, "docs", json!("before")).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = if writer % 2 == 0 { store.clone() } else { another.clone() };
        writers.spawn(async move { commit(&store, vec![put("docs", json!(writer), Expected::Revision(revision))]).await });
    }
    let outcomes = writers.join_all().await;
    let winners: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(lost, CommitError::Conflict { current, .. } if *current == Some(winners[0].revision)), "{lost}");
    }
}

async fn no_increment_is_lost(place: Place) {
    let store = place.open().await;
    let another = place.another(&store).await;
    set(&store, "counter", json!(0)).await;
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let store = if writer % 2 == 0 { store.clone() } else { another.clone() };
        writers.spawn(async move {
            for _ in 0..COMMITS {
                while !increment(&store).await {}
            }
        });
    }
    writers.join_all().await;
    let counter = store.load().await.expect("the store answers").documents.remove(0);
    assert_eq!(counter.body, Some(json!(4 * COMMITS)));
}

/// False when another was faster.
async fn increment(store: &Store) -> bool {
    let counter = store.load().await.expect("the store answers").documents.remove(0);
    let next = counter.body.as_ref().and_then(Value::as_u64).expect("it is a number") + 1;
    match commit(store, vec![put("counter", json!(next), Expected::Revision(counter.revision))]).await {
        Ok(_) => true,
        Err(CommitError::Conflict { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Writers in two replicas; a reader that only ever asks for what is new sees every revision, and no revision twice.
async fn a_reader_that_catches_up_misses_nothing(place: Place) {
    let store = place.open().await;
    let another = place.another(&store).await;
    let mut writers = start_writers(&store, &another);
    let (mut seen, mut at) = (BTreeMap::new(), 0);
    let last = WRITERS * COMMITS;
    while at < last {
        let delta = another.changed_since(at).await.expect("the store answers");
        assert!(delta.revision >= at);
        for document in delta.documents {
            assert!(document.revision <= delta.revision, "a document ahead of its head");
            let twice = seen.insert(document.revision, document.key);
            assert_eq!(twice, None, "revision {}", document.revision);
        }
        at = delta.revision;
        tokio::task::yield_now().await;
    }
    while writers.join_next().await.transpose().expect("no writer fails").is_some() {}
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
}

async fn followers_of_events_miss_none(place: Place) {
    let store = place.open().await;
    let another = place.another(&store).await;
    let mut writers = start_writers(&store, &another);
    let (mut subjects, mut at) = (Vec::new(), 0);
    while (subjects.len() as u64) < WRITERS * COMMITS {
        for event in another.events_after(at, 7).await.expect("the store answers") {
            assert!(event.id > at, "out of order");
            at = event.id;
            subjects.push(event.subject);
        }
        tokio::task::yield_now().await;
    }
    while writers.join_next().await.transpose().expect("no writer fails").is_some() {}
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len() as u64, WRITERS * COMMITS);
}

/// Each commits documents of its own, so that each revision shows in exactly one document.
fn start_writers(store: &Store, another: &Store) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = if writer % 2 == 0 { store.clone() } else { another.clone() };
        writers.spawn(async move {
            for number in 0..COMMITS {
                let id = format!("{writer}-{number}");
                let mut change = super::change(vec![put(&id, json!(number), Expected::Absent)]);
                change.events.push(NewEvent { kind: "put".to_owned(), subject: id, body: json!(null) });
                store.commit(change).await.expect("nobody else has this id");
            }
        });
    }
    writers
}
