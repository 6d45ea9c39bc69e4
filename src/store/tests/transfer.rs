//! Export and import.

use serde_json::json;

use super::{Place, change, commit, delete, entry, on_both, put, set};
use crate::store::{Expected, Export, Filter, ImportError, NewEvent, Store};

on_both!(
    an_export_restores_an_empty_store,
    a_store_with_documents_is_replaced_only_by_force,
    an_export_of_another_format_is_refused,
    a_damaged_export_changes_nothing,
    ids_go_on_after_restored_history,
);

async fn filled(store: &Store) -> Export {
    for id in ["docs", "images"] {
        let mut change = change(vec![put(id, if id == "docs" { json!({"of": id}) } else { json!(null) }, Expected::Any)]);
        change.events.push(NewEvent { kind: "put".to_owned(), subject: id.to_owned(), body: json!(null) });
        store.commit(change).await.expect("nothing is expected");
    }
    set(store, "gone", json!(1)).await;
    commit(store, vec![delete("gone", Expected::Any)]).await.expect("it is there");
    let export = store.export().await.expect("the store answers");
    let text = serde_json::to_string(&export).expect("it is JSON");
    let read: Export = serde_json::from_str(&text).expect("it reads what it wrote");
    assert_eq!(read, export);
    read
}

/// A store in memory, to export from.
async fn source() -> Export {
    let memory = Store::open(&"memory:".parse().expect("it is legal")).await.expect("memory is there");
    filled(&memory).await
}

async fn an_export_restores_an_empty_store(place: Place) {
    let export = source().await;
    let store = place.open().await;
    let imported = store.import(&export, false, &entry("import")).await.expect("it is empty");
    assert_eq!((imported.documents, imported.replaced), (2, 0));
    assert!(imported.revision > export.revision, "no replica may think it has these already");
    let again = store.export().await.expect("the store answers");
    let bodies = |export: &Export| export.documents.iter().map(|document| document.body.clone()).collect::<Vec<_>>();
    assert_eq!(bodies(&again), bodies(&export));
    assert_eq!(again.events, export.events);
    assert_eq!((&again.audit[..4], again.audit.len()), (&export.audit[..], 5), "the import is one more");
    assert_eq!(again.audit[4].entry.subject, "import");
}

async fn a_store_with_documents_is_replaced_only_by_force(place: Place) {
    let export = source().await;
    let store = place.open().await;
    let seen = set(&store, "mine", json!("mine")).await;
    let before = store.export().await.expect("the store answers").documents;
    let refused = store.import(&export, false, &entry("import")).await;
    assert!(matches!(refused, Err(ImportError::NotEmpty { documents: 1 })), "{refused:?}");
    assert_eq!(store.export().await.expect("the store answers").documents, before);

    let imported = store.import(&export, true, &entry("import")).await.expect("it is forced");
    assert_eq!(imported.replaced, 1);
    let delta = store.changed_since(seen).await.expect("the store answers");
    let ids: Vec<_> = delta.documents.iter().map(|document| (document.key.id.as_str(), document.is_deleted())).collect();
    assert_eq!((delta.whole, ids), (false, vec![("docs", false), ("images", false), ("mine", true)]), "replicas catch up");
    let audit = store.audit(&Filter { limit: 10, ..Filter::default() }).await.expect("the store answers").items;
    assert_eq!(audit.iter().map(|row| row.entry.subject.as_str()).collect::<Vec<_>>(), ["import", "docs"], "its history stays its own");
}

async fn an_export_of_another_format_is_refused(place: Place) {
    let newer = Export { format: 2, ..source().await };
    let refused = place.open().await.import(&newer, true, &entry("import")).await;
    assert!(matches!(refused, Err(ImportError::Format { found: 2, known: 1 })), "{refused:?}");
}

async fn a_damaged_export_changes_nothing(place: Place) {
    let (store, good) = (place.open().await, source().await);
    let far = Export { revision: u64::MAX, ..good.clone() };
    let mut twice = good.clone();
    twice.events.push(good.events[0].clone());
    let mut wild = good.clone();
    wild.audit[3].id = u64::MAX;
    for (export, place) in [(far, "`revision`"), (twice, "`events`"), (wild, "`audit`")] {
        let refused = store.import(&export, true, &entry("import")).await.expect_err("it is damaged");
        assert!(matches!(&refused, ImportError::Damaged(reason) if reason.contains(place)), "{refused}");
    }
    assert_eq!(store.load().await.expect("the store answers").revision, 0);
    store.import(&good, false, &entry("import")).await.expect("it is sound");
}

async fn ids_go_on_after_restored_history(place: Place) {
    let store = place.open().await;
    store.import(&source().await, false, &entry("import")).await.expect("it is empty");
    let newest = store.audit(&Filter { limit: 1, ..Filter::default() }).await.expect("the store answers").items[0].id;
    filled(&store).await;
    let events = store.events_after(newest, 10).await.expect("the store answers");
    assert_eq!(events.len(), 2);
}
