//! The audit log and the events.

use serde_json::json;

use super::{Place, change, commit, entry, on_both};
use crate::store::{Filter, NewEvent, Store};

on_both!(every_mutation_is_audited_and_failures_too, lists_come_in_pages_by_subject, events_can_be_followed);

fn filter(subject: Option<&str>, before: Option<u64>) -> Filter {
    Filter { subject: subject.map(str::to_owned), before, limit: 2 }
}

async fn every_mutation_is_audited_and_failures_too(place: Place) {
    let store = place.open().await;
    let committed = commit(&store, vec![super::put("docs", json!(1), crate::store::Expected::Any)]).await.expect("nothing is expected");
    let mut failed = entry("docs");
    failed.result = "conflict".to_owned();
    store.record_failure(failed.clone()).await.expect("the store answers");
    let rows = store.audit(&filter(None, None)).await.expect("the store answers").items;
    assert_eq!(rows.iter().map(|row| &row.entry).collect::<Vec<_>>(), [&failed, &entry("docs")], "newest first");
    assert!(rows[0].at >= rows[1].at && rows[1].at.as_millis() > 1_600_000_000_000, "milliseconds since the epoch");
    assert_eq!(rows[1].revision, committed.revision);
}

async fn lists_come_in_pages_by_subject(place: Place) {
    let store = place.open().await;
    for subject in ["docs", "images", "docs", "docs"] {
        with_event(&store, subject).await;
    }
    let all = store.audit(&filter(None, None)).await.expect("the store answers");
    assert_eq!(all.items.len(), 2);
    let rest = store.audit(&filter(None, all.next)).await.expect("the store answers");
    assert_eq!((rest.items.len(), rest.next), (2, None), "a full last page is the last");
    assert!(rest.items[0].id < all.items[1].id);

    let docs = store.events(&filter(Some("docs"), None)).await.expect("the store answers");
    let last = store.events(&filter(Some("docs"), docs.next)).await.expect("the store answers");
    assert_eq!((docs.items.len(), last.items.len(), last.next), (2, 1, None));
    assert!(docs.items.iter().chain(&last.items).all(|event| event.subject == "docs"));
    let none = store.events(&filter(Some("doc"), None)).await.expect("the store answers");
    assert_eq!((none.items.len(), none.next), (0, None));
}

async fn events_can_be_followed(place: Place) {
    let store = place.open().await;
    for subject in ["a", "b", "c"] {
        with_event(&store, subject).await;
    }
    let first = store.events_after(0, 2).await.expect("the store answers");
    let rest = store.events_after(first[1].id, 2).await.expect("the store answers");
    let subjects: Vec<_> = first.iter().chain(&rest).map(|event| event.subject.as_str()).collect();
    assert_eq!(subjects, ["a", "b", "c"]);
    assert_eq!(rest[0].body, json!({"about": "c"}));
}

async fn with_event(store: &Store, subject: &str) {
    let mut change = change(vec![]);
    change.audit.as_mut().expect("it is audited").subject = subject.to_owned();
    change.events.push(NewEvent { kind: "happened".to_owned(), subject: subject.to_owned(), body: json!({"about": subject}) });
    store.commit(change).await.expect("nothing is expected");
}
