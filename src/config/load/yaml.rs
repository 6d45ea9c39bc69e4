//! YAML to a tree of values, each with its line and column.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, NonFiniteFloatPolicy, Spanned};

use super::tree::{Node, Value};
use crate::config::fault::{Fault, Origin};

/// Reads a file's content.
pub(super) fn document(text: &str, path: &Arc<str>) -> Result<Node, Fault> {
    let origin = |location: Option<Location>| Origin::File {
        path: Arc::clone(path),
        line: location.as_ref().map_or(0, Location::line),
        column: location.as_ref().map_or(0, Location::column),
    };
    parse(text, &|location| origin(Some(location))).map_err(|error| Fault {
        key: String::new(),
        reason: reason(&error),
        origin: origin(error.location()),
    })
}

/// Reads the value of a variable or a flag, all of which was set in one place.
pub(super) fn fragment(text: &str, origin: &Origin) -> Result<Node, String> {
    parse(text, &|_| origin.clone()).map_err(|error| reason(&error))
}

/// Only what is wrong: an excerpt of the file could show a key.
fn reason(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    format!("is not legal YAML: {}", text.lines().next().unwrap_or_default())
}

fn parse(text: &str, origin: &dyn Fn(Location) -> Origin) -> Result<Node, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        // `no` and `off` are words, not false.
        strict_booleans: true,
        // They are refused later, by the key they stand at.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    // A file of comments holds no document at all.
    let tree: Option<Spanned<Raw>> = serde_saphyr::from_str_with_options(text, options)?;
    Ok(tree.map_or_else(Node::empty, |tree| place(tree, origin)))
}

fn place(Spanned { value, referenced, .. }: Spanned<Raw>, origin: &dyn Fn(Location) -> Origin) -> Node {
    let value = match value {
        Raw::Leaf(value) => value,
        Raw::List(items) => Value::List(items.into_iter().map(|item| place(item, origin)).enumerate().collect()),
        Raw::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, place(value, origin))).collect()),
    };
    Node { value, origin: origin(referenced) }
}

/// A value as the parser hands it out.
enum Raw {
    Leaf(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(String, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Integer(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Unsigned(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Float(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(value.into())))
    }

    fn visit_unit<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
