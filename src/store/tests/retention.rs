//! What goes, what stays, and who has to load afresh.

use std::time::Duration;

use serde_json::json;

use super::{Place, change, commit, delete, on_both, put, set};
use crate::store::{CommitError, Expected, Filter, IdempotencyKey, Keep, NewDelivery, NewEvent, Retention, Store};

on_both!(
    lists_are_bounded_by_count_and_age,
    refused_changes_drive_out_none_that_were_made,
    a_pruned_tombstone_makes_latecomers_load_everything,
    what_has_served_its_time_goes
);

async fn audit_subjects(store: &Store) -> Vec<String> {
    let page = store.audit(&Filter { limit: 100, ..Filter::default() }).await.expect("the store answers");
    page.items.into_iter().map(|row| row.entry.subject).collect()
}

async fn lists_are_bounded_by_count_and_age(place: Place) {
    let store = place.open().await;
    for subject in ["a", "b", "c"] {
        let mut change = change(vec![]);
        change.audit.as_mut().expect("it is audited").subject = subject.to_owned();
        change.events.push(NewEvent { kind: "happened".to_owned(), subject: subject.to_owned(), body: json!(null) });
        store.commit(change).await.expect("nothing is expected");
    }
    assert_eq!(store.prune(&Retention::default()).await, Ok(0));
    let few = Retention { audit: Keep { age: super::NEVER, count: 2 }, ..Retention::default() };
    assert_eq!(store.prune(&few).await, Ok(1));
    assert_eq!(audit_subjects(&store).await, ["c", "b"]);
    let young = Retention { events: Keep { age: Duration::ZERO, count: 100 }, ..Retention::default() };
    assert_eq!(store.prune(&young).await, Ok(3));
    assert!(store.events_after(0, 10).await.expect("the store answers").is_empty());
    assert_eq!(audit_subjects(&store).await.len(), 2);
}

async fn refused_changes_drive_out_none_that_were_made(place: Place) {
    let store = place.open().await;
    let entry = |subject: &str, result: &str| {
        let audit = change(vec![]).audit.expect("it is audited");
        crate::store::AuditEntry { subject: subject.to_owned(), result: result.to_owned(), ..audit }
    };
    for subject in ["first", "second"] {
        store.commit(crate::store::Change::new(entry(subject, "ok"), vec![])).await.expect("nothing is expected");
        for number in 0..5 {
            store.record_failure(entry(&format!("refused-{subject}-{number}"), "no")).await.expect("the store answers");
        }
    }
    let few =
        Retention { audit: Keep { age: super::NEVER, count: 2 }, refused: Keep { age: super::NEVER, count: 3 }, ..Retention::default() };
    assert_eq!(store.prune(&few).await, Ok(7));
    assert_eq!(audit_subjects(&store).await, ["refused-second-4", "refused-second-3", "refused-second-2", "second", "first"]);
    let fewer = Retention { refused: Keep { age: Duration::ZERO, count: 3 }, ..few };
    assert_eq!(store.prune(&fewer).await, Ok(3));
    assert_eq!(audit_subjects(&store).await, ["second", "first"]);
}

async fn a_pruned_tombstone_makes_latecomers_load_everything(place: Place) {
    let store = place.open().await;
    let seen = set(&store, "gone", json!(1)).await;
    set(&store, "stays", json!(1)).await;
    let deleted = commit(&store, vec![delete("gone", Expected::Any)]).await.expect("it is there").revision;
    let last = set(&store, "late", json!(1)).await;
    let at_once = Retention { tombstones: Duration::ZERO, ..Retention::default() };
    assert_eq!(store.prune(&at_once).await, Ok(1));
    for (revision, whole, ids) in [(seen, true, vec!["stays", "late"]), (deleted, false, vec!["late"]), (last, false, vec![])] {
        let delta = store.changed_since(revision).await.expect("the store answers");
        assert_eq!((delta.whole, delta.revision), (whole, last), "since {revision}");
        assert_eq!(delta.documents.iter().map(|document| document.key.id.as_str()).collect::<Vec<_>>(), ids, "since {revision}");
    }
    assert!(store.changed_since(last + 1).await.expect("the store answers").whole, "an old copy of the database was put back");
    assert_eq!(store.prune(&at_once).await, Ok(0));
    assert!(!store.changed_since(deleted).await.expect("the store answers").whole);
}

async fn what_has_served_its_time_goes(place: Place) {
    let store = place.open().await;
    let request = || {
        let key = IdempotencyKey { key: "k".to_owned(), fingerprint: "f".to_owned(), answer: json!(null) };
        let mut change = change(vec![put("docs", json!(1), Expected::Any)]);
        change.events.push(NewEvent { kind: "test".to_owned(), subject: "docs".to_owned(), body: json!(null) });
        change.outbox.push(NewDelivery { destination: "hook".to_owned(), event: 0 });
        crate::store::Change { idempotency: Some(key), ..change }
    };
    store.commit(request()).await.expect("nothing is expected");
    assert_eq!(store.give_up_older("hook", Duration::ZERO, "gone").await, Ok(1));
    assert!(matches!(store.commit(request()).await, Err(CommitError::Replayed(_))));
    assert_eq!(store.prune(&Retention { idempotency: Duration::ZERO, ..Retention::default() }).await, Ok(1));
    store.commit(request()).await.expect("it is forgotten");
    assert_eq!(store.prune(&Retention { dead_deliveries: Duration::ZERO, ..Retention::default() }).await, Ok(1));
    assert_eq!(store.backlog().await.expect("the store answers")[0].pending, 1, "what is still owed stays");
}
