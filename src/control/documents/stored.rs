//! How documents are written and read again, by this version and by others.
//!
//! A body carries the version of its form once that is above 1; without the field it is of version 1. A document of an earlier
//! version is upgraded step by step when it is read, and stored in the new form when it is next changed. One of a later version is
//! refused: only the newer Pointsman that wrote it knows what it means. While replicas are upgraded one after the other, the old
//! ones read what the new ones write; so a release may raise a version only if the release before it can already read the new form.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::store::{Document, Expected, Key, Kind, Timestamp, Write};

/// The id of a document that there is one of.
pub(in crate::control) const ONLY: &str = "global";

/// The field of a body that holds its version.
const VERSION: &str = "document_version";

/// A document that says something else than this version can understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored {key} cannot be read: {reason}")]
pub struct Unreadable {
    pub key: Key,
    pub reason: String,
}

/// A type that documents of one kind are read into, and written from.
pub(in crate::control) trait Stored: Serialize + DeserializeOwned {
    const KIND: Kind;
    /// Of the form that it is written in.
    const VERSION: u64 = 1;

    /// As it was stored under `id` at a revision.
    fn stored_at(self, id: &str, revision: u64) -> Self;

    /// A body of version `from` in the form of the version after it.
    fn upgrade(from: u64, _body: Value) -> Result<Value, String> {
        Err(format!("there is no way from version {from} to a later one"))
    }

    /// When the controller is to look at it.
    fn due_at(&self) -> Option<Timestamp> {
        None
    }

    fn key(id: &str) -> Key {
        Key::new(Self::KIND, id)
    }
}

/// The write that makes this the document of `id`.
fn put<T: Stored>(id: &str, document: &T, expected: Expected) -> Write {
    let mut body = json(document);
    if let Value::Object(fields) = &mut body
        && T::VERSION > 1
    {
        fields.insert(VERSION.to_owned(), T::VERSION.into());
    }
    Write::Put { key: T::key(id), body, due_at: document.due_at(), expected }
}

/// Of two that are created at the same time, anywhere, this lets one through.
pub(in crate::control) fn put_new<T: Stored>(id: &str, document: &T) -> Write {
    put(id, document, Expected::Absent)
}

/// In the place of the one of `revision`; 0 is none.
pub(in crate::control) fn replace<T: Stored>(id: &str, document: &T, revision: u64) -> Write {
    put(id, document, if revision == 0 { Expected::Absent } else { Expected::Revision(revision) })
}

/// In the place of whatever is there.
pub(in crate::control) fn any_revision<T: Stored>(id: &str, document: &T) -> Write {
    put(id, document, Expected::Any)
}

/// The write that takes the document of `id` away.
pub(in crate::control) fn remove<T: Stored>(id: &str, expected: Expected) -> Write {
    Write::Delete { key: T::key(id), expected }
}

/// Puts a document of the store into its place, or takes it out.
pub(super) fn read<T: Stored>(into: &mut BTreeMap<String, T>, document: Document) -> Result<(), Unreadable> {
    let Document { key, body, revision, .. } = document;
    let Some(body) = body else {
        into.remove(&key.id);
        return Ok(());
    };
    let read = upgraded::<T>(body).and_then(|body| serde_json::from_value(body).map_err(|error| error.to_string()));
    let document: T = read.map_err(|reason| Unreadable { key: key.clone(), reason })?;
    let document = document.stored_at(&key.id, revision);
    into.insert(key.id, document);
    Ok(())
}

fn upgraded<T: Stored>(mut body: Value) -> Result<Value, String> {
    let stored = body.as_object_mut().and_then(|fields| fields.remove(VERSION));
    let version = match stored {
        None => 1,
        Some(version) => version.as_u64().filter(|version| *version > 0).ok_or_else(|| format!("its version is {version}"))?,
    };
    if version > T::VERSION {
        return Err(format!(
            "a newer Pointsman wrote it, in version {version} of its form, and this one reads versions up to {}; upgrade this replica",
            T::VERSION
        ));
    }
    (version..T::VERSION).try_fold(body, |body, from| T::upgrade(from, body))
}

/// Documents are ours: maps with text for keys, numbers, text.
pub(in crate::control) fn json<T: Serialize + ?Sized>(body: &T) -> Value {
    serde_json::to_value(body).expect("the control plane's documents are JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A form that has changed twice: `colour` became `color`, and then text became a list.
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Paint {
        color: Vec<String>,
    }

    impl Stored for Paint {
        const KIND: Kind = Kind::new("paint");
        const VERSION: u64 = 3;

        fn stored_at(self, _: &str, _: u64) -> Self {
            self
        }

        fn upgrade(from: u64, body: Value) -> Result<Value, String> {
            match from {
                1 => Ok(json!({"color": body["colour"]})),
                2 => Ok(json!({"color": [body["color"]]})),
                _ => Err("unknown".to_owned()),
            }
        }
    }

    fn taken(body: Value) -> Result<Paint, String> {
        let mut all = BTreeMap::new();
        let document = Document { key: Paint::key("wall"), body: Some(body), revision: 4, due_at: None };
        read::<Paint>(&mut all, document).map_err(|error| error.to_string())?;
        Ok(all.remove("wall").expect("it was read"))
    }

    #[test]
    fn every_earlier_form_is_read_and_the_newest_is_written() {
        let red = Ok(Paint { color: vec!["red".to_owned()] });
        assert_eq!(taken(json!({"colour": "red"})), red);
        assert_eq!(taken(json!({"color": "red", "document_version": 2})), red);
        let Write::Put { body, .. } = put_new("wall", &Paint { color: vec!["red".to_owned()] }) else { panic!("it is put") };
        assert_eq!(body, json!({"color": ["red"], "document_version": 3}));
        assert_eq!(taken(body), red);
    }

    #[test]
    fn a_form_of_a_newer_pointsman_is_refused_with_the_way_out() {
        let refused = taken(json!({"color": {"hex": "f00"}, "document_version": 4})).expect_err("it is newer");
        assert!(refused.contains("paint `wall`") && refused.contains("version 4") && refused.contains("upgrade this replica"), "{refused}");
        for version in [json!(0), json!("2"), json!(-1)] {
            assert!(taken(json!({"color": "red", "document_version": version})).is_err());
        }
    }
}
