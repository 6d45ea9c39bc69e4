//! Compare-and-set, and reading back.

use serde_json::json;

use super::{CANARY, Place, ROUTE, commit, delete, entry, on_both, put, set};
use crate::store::{Change, CommitError, Expected, Filter, Key, NewEvent, Timestamp, Write};

on_both!(
    a_write_finds_what_it_expects_or_is_refused,
    a_change_happens_as_a_whole_or_not_at_all,
    deleting_leaves_a_tombstone_and_the_name_free,
    deleting_what_is_not_there_does_nothing,
    everything_is_there_after_reopening,
    a_change_without_writes_keeps_the_revision,
    documents_fall_due_in_order,
    odd_names_and_bodies_come_back_as_they_were,
    the_store_answers_a_ping,
);

async fn a_write_finds_what_it_expects_or_is_refused(place: Place) {
    let store = place.open().await;
    let first = commit(&store, vec![put("docs", json!(1), Expected::Absent)]).await.expect("nothing is there");
    let key = Key::new(ROUTE, "docs");
    let refused = |current| Err(CommitError::Conflict { key: key.clone(), current });
    assert_eq!(commit(&store, vec![put("docs", json!(2), Expected::Absent)]).await, refused(Some(first.revision)));
    assert_eq!(commit(&store, vec![put("docs", json!(2), Expected::Revision(7))]).await, refused(Some(first.revision)));
    let second = commit(&store, vec![put("docs", json!(2), Expected::Revision(first.revision))]).await.expect("it was seen");
    assert_eq!(second.revision, first.revision + 1, "refused changes take no revision");
    assert_eq!(commit(&store, vec![delete("docs", Expected::Revision(first.revision))]).await, refused(Some(second.revision)));
    commit(&store, vec![delete("docs", Expected::Revision(second.revision))]).await.expect("it was seen");
    assert_eq!(commit(&store, vec![put("docs", json!(3), Expected::Revision(second.revision))]).await, refused(None));
}

async fn a_change_happens_as_a_whole_or_not_at_all(place: Place) {
    let store = place.open().await;
    set(&store, "docs", json!(1)).await;
    let before = store.load().await.expect("the store answers");
    let mut change = Change::new(entry("docs"), vec![put("other", json!(1), Expected::Absent), put("docs", json!(2), Expected::Absent)]);
    change.events.push(NewEvent { kind: "changed".to_owned(), subject: "docs".to_owned(), body: json!(null) });
    store.commit(change).await.expect_err("the second write is refused");
    assert_eq!(store.load().await.expect("the store answers"), before);
    assert!(store.events_after(0, 10).await.expect("the store answers").is_empty());
    let audit = store.audit(&Filter { limit: 10, ..Filter::default() }).await.expect("the store answers");
    assert_eq!(audit.items.len(), 1);
}

async fn deleting_leaves_a_tombstone_and_the_name_free(place: Place) {
    let store = place.open().await;
    let put_at = set(&store, "docs", json!(1)).await;
    let deleted = commit(&store, vec![delete("docs", Expected::Any)]).await.expect("it is there");
    assert!(deleted.documents[0].is_deleted());
    assert!(store.load().await.expect("the store answers").documents.is_empty());
    let delta = store.changed_since(put_at).await.expect("the store answers");
    assert_eq!((delta.revision, delta.whole, &delta.documents), (deleted.revision, false, &deleted.documents));
    commit(&store, vec![put("docs", json!(2), Expected::Absent)]).await.expect("the name is free");
}

async fn deleting_what_is_not_there_does_nothing(place: Place) {
    let store = place.open().await;
    let committed = commit(&store, vec![delete("docs", Expected::Any)]).await.expect("any includes none");
    assert!(committed.documents.is_empty());
    let refused = commit(&store, vec![delete("docs", Expected::Revision(1))]).await;
    assert!(matches!(refused, Err(CommitError::Conflict { current: None, .. })), "{refused:?}");
}

async fn everything_is_there_after_reopening(place: Place) {
    let store = place.open().await;
    for id in ["docs", "images", "docs"] {
        set(&store, id, json!({"of": id})).await;
    }
    let before = store.load().await.expect("the store answers");
    assert_eq!((before.documents.len(), before.whole), (2, true));
    store.close().await;
    drop(store);
    assert_eq!(place.open().await.load().await.expect("the store answers"), before);
}

async fn a_change_without_writes_keeps_the_revision(place: Place) {
    let store = place.open().await;
    let revision = set(&store, "docs", json!(1)).await;
    assert_eq!(commit(&store, vec![]).await.expect("it expects nothing").revision, revision);
    store.record_failure(entry("docs")).await.expect("the store answers");
    let delta = store.changed_since(revision).await.expect("the store answers");
    assert_eq!((delta.revision, delta.documents.len()), (revision, 0));
}

async fn documents_fall_due_in_order(place: Place) {
    let store = place.open().await;
    let at = |id: &str, due_at: Option<i64>| Write::Put {
        key: Key::new(CANARY, id),
        body: json!(id),
        due_at: due_at.map(Timestamp::from_millis),
        expected: Expected::Any,
    };
    let other_kind =
        Write::Put { key: Key::new(ROUTE, "other"), body: json!(0), due_at: Some(Timestamp::from_millis(1)), expected: Expected::Any };
    let writes =
        vec![at("late", Some(300)), at("second", Some(200)), at("first", Some(100)), at("never", None), at("gone", Some(1)), other_kind];
    commit(&store, writes).await.expect("nothing is expected");
    let gone = Write::Delete { key: Key::new(CANARY, "gone"), expected: Expected::Any };
    commit(&store, vec![gone]).await.expect("it is there");
    let due = async |now| {
        let due = store.due(&CANARY, Timestamp::from_millis(now)).await.expect("the store answers");
        due.into_iter().map(|document| document.key.id).collect::<Vec<_>>()
    };
    assert!(due(99).await.is_empty());
    assert_eq!(due(200).await, ["first", "second"]);
    assert_eq!(due(i64::MAX).await, ["first", "second", "late"]);
}

async fn odd_names_and_bodies_come_back_as_they_were(place: Place) {
    let store = place.open().await;
    let id = "a/b 'c' \"d\" %_\\ ü 🚂";
    let body = json!({"nul": "\u{0}", "big": u64::MAX, "float": 0.1, "order": {"z": 1, "a": 2}, "null": null});
    set(&store, id, body.clone()).await;
    let document = store.load().await.expect("the store answers").documents.remove(0);
    assert_eq!((document.key.id.as_str(), document.body), (id, Some(body)));
    let mut nul = entry("docs");
    nul.reason = Some("a\u{0}b".to_owned());
    store.record_failure(nul).await.expect("free text may hold anything");
}

async fn the_store_answers_a_ping(place: Place) {
    place.open().await.ping().await.expect("it is there");
}

#[tokio::test]
async fn memory_is_a_store_too() {
    let open = async || crate::store::Store::open(&"memory:".parse().expect("it is legal")).await.expect("memory is there");
    let (store, other) = (open().await, open().await);
    set(&store, "docs", json!(1)).await;
    assert_eq!(store.load().await.expect("the store answers").documents.len(), 1);
    assert!(other.load().await.expect("the store answers").documents.is_empty(), "each has its own");
}
