//! Documents of the version before: each is read, and written again exactly as it was.

use serde_json::Value;

use crate::control::documents::{Documents, Noun, Stored, json};
use crate::store::{Delta, Document, Key, Kind};

/// An export of a Pointsman of the commit before documents carried versions, with one document of each kind.
const BEFORE: &str = include_str!("../../../tests/it/upgrade/before.json");

fn before() -> Vec<Document> {
    let export: Value = serde_json::from_str(BEFORE).expect("it is JSON");
    serde_json::from_value(export["documents"].clone()).expect("documents of the store")
}

/// What is written for the document of this key, among all that are held.
fn written(held: &Documents, key: &Key) -> Option<Value> {
    fn of<T: Stored>(kind: &Kind, all: &std::collections::BTreeMap<String, T>, id: &str) -> Option<Value> {
        all.get(id).filter(|_| T::KIND == *kind).map(json)
    }
    let (kind, id) = (&key.kind, key.id.as_str());
    let Documents { routes, canaries, deployments, experiments, shadows, retirements, .. } = held;
    let Documents { configured, owners, shadowed, moves, departures, kill_switches, token_keys, .. } = held;
    of(kind, routes, id)
        .or_else(|| of(kind, canaries, id))
        .or_else(|| of(kind, deployments, id))
        .or_else(|| of(kind, experiments, id))
        .or_else(|| of(kind, shadows, id))
        .or_else(|| of(kind, retirements, id))
        .or_else(|| of(kind, configured, id))
        .or_else(|| of(kind, owners, id))
        .or_else(|| of(kind, shadowed, id))
        .or_else(|| of(kind, moves, id))
        .or_else(|| of(kind, departures, id))
        .or_else(|| of(kind, kill_switches, id))
        .or_else(|| of(kind, token_keys, id))
}

/// So a replica of the version before reads what one of this version writes, while replicas are upgraded one after the other.
#[test]
fn every_document_of_the_version_before_is_written_as_it_was() {
    let documents = before();
    let delta = Delta { revision: 22, whole: true, documents: documents.clone() };
    let held = Documents::default().after(delta).expect("every document is read");
    for Document { key, body, .. } in documents {
        assert_eq!(written(&held, &key), body, "{key}");
    }
    for noun in Noun::ALL {
        assert!(held.all().any(|one| one.noun() == *noun), "the export has no {}", noun.title());
    }
}

#[test]
fn a_document_of_a_newer_version_is_refused_and_one_of_an_unknown_kind_is_left_alone() {
    let key = Key::new(Kind::new("canary"), "canary_1");
    let body = Some(serde_json::json!({"document_version": 99}));
    let newer = Delta { revision: 1, whole: true, documents: vec![Document { key, revision: 1, due_at: None, body: body.clone() }] };
    let refused = Documents::default().after(newer).expect_err("it cannot be understood").to_string();
    assert!(refused.contains("canary `canary_1`") && refused.contains("upgrade this replica"), "{refused}");
    let unknown = Document { key: Key::new(Kind::new("model"), "minilm"), revision: 1, due_at: None, body };
    assert!(Documents::default().after(Delta { revision: 1, whole: true, documents: vec![unknown] }).is_ok());
}
