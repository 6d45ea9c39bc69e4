//! From the tree of values to the typed configuration: a serde deserializer that knows where it is.
//!
//! serde stops at the first fault. [`read`] therefore takes the faulty value out and starts again, until the rest is
//! legal: so an operator sees all faults at once. Unknown keys are noted on the way and do not stop anything.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::tree::{Node, Value};
use super::yaml;
use crate::config::Config;
use crate::config::fault::Fault;
use crate::config::nearest;
use crate::config::path::Path;

/// What came out, and what had to be left out for it.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) faults: Vec<Fault>,
    /// The places faults were found at and default values stand in for.
    pub(super) missing: Vec<Path>,
}

/// Reads what can be read; `tree` is left without the faulty values.
pub(super) fn read(tree: &mut Node) -> Read {
    let mut faults: Vec<Fault> = Vec::new();
    let mut missing: Vec<Path> = Vec::new();
    loop {
        let unknown = RefCell::new(Vec::new());
        let outcome = Config::deserialize(Reader { node: tree, path: Path::default(), unknown: &unknown });
        for fault in unknown.into_inner() {
            // Each round meets them again.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        match outcome {
            Ok(config) => return Read { config, faults, missing },
            Err(Stop { at, reason, .. }) => {
                let path = at.unwrap_or_default();
                // A value that was taken out for its fault leaves what held it incomplete: that is no second fault.
                if !missing.iter().any(|hole| hole.touches(&path)) {
                    faults.push(Fault { key: path.to_string(), reason, origin: tree.origin_of(&path).clone() });
                }
                tree.prune(&path);
                missing.push(path);
            }
        }
    }
}

/// Where reading stopped, and why.
#[derive(Debug)]
struct Stop {
    /// Filled in on the way up by the innermost reader.
    at: Option<Path>,
    /// The key that is missing there, if that is the fault.
    missing: Option<&'static str>,
    reason: String,
}

impl Stop {
    fn within(mut self, path: &Path) -> Self {
        self.at.get_or_insert_with(|| self.missing.map_or_else(|| path.clone(), |key| path.key(key)));
        self
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { at: None, missing: None, reason: message.to_string() }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { at: None, missing: Some(field), reason: "is missing".into() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        // Rust's names of types say nothing to an operator.
        let expected = match expected.to_string().as_str() {
            "usize" => "a whole number".to_owned(),
            "f64" => "a number".to_owned(),
            "a boolean" => "true or false".to_owned(),
            "a string" => "a text".to_owned(),
            other => other.to_owned(),
        };
        match found {
            Unexpected::Unit | Unexpected::Option => Self::custom(format!("expected {expected}, found nothing")),
            Unexpected::Str(text) => Self::custom(format!("expected {expected}, found the text {text:?}")),
            Unexpected::Map => Self::custom(format!("expected {expected}, found keys and values")),
            Unexpected::Seq => Self::custom(format!("expected {expected}, found a list")),
            found => Self::custom(format!("expected {expected}, found {found}")),
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }
}

/// One value, on its way into a type.
struct Reader<'a> {
    node: &'a Node,
    path: Path,
    unknown: &'a RefCell<Vec<Fault>>,
}

impl Reader<'_> {
    /// Reads with the text's own meaning, as YAML has it.
    fn typed<T>(self, next: impl FnOnce(Reader<'_>) -> Result<T, Stop>) -> Result<T, Stop> {
        let Self { node, path, unknown } = self;
        let outcome = match &node.value {
            Value::Untyped(text) => yaml::fragment(text, &node.origin)
                .map_err(de::Error::custom)
                .and_then(|node| next(Reader { node: &node, path: path.clone(), unknown })),
            _ => next(Reader { node, path: path.clone(), unknown }),
        };
        outcome.map_err(|stop| stop.within(&path))
    }

    fn is_null(&self) -> bool {
        match &self.node.value {
            Value::Null => true,
            // A variable cannot be null otherwise: `KEY=` is how compose files and shells unset one.
            Value::Untyped(text) => matches!(text.trim(), "" | "~" | "null"),
            _ => false,
        }
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Self { node, path, unknown } = self;
        match &node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Unsigned(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) | Value::Untyped(text) => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items { items: items.iter(), path: &path, unknown }),
            Value::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None, fields: None, path: &path, unknown }),
        }
    }

    /// Reads a map; with `fields`, other keys are noted and skipped. A section of which nothing is left but comments is
    /// null in YAML, and means an empty one.
    fn visit_map<'de, V: Visitor<'de>>(self, fields: Option<&'static [&'static str]>, visitor: V) -> Result<V::Value, Stop> {
        let Self { node, path, unknown } = self;
        match &node.value {
            Value::Null => visitor.visit_map(Entries { entries: [].iter(), value: None, fields, path: &path, unknown }),
            Value::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None, fields, path: &path, unknown }),
            Value::List(_) => Err(de::Error::custom("expected keys and values, found a list")),
            _ => Err(de::Error::custom("expected keys and values, found a single value")),
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.typed(|reader| reader.visit(visitor))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let path = self.path.clone();
        self.visit(visitor).map_err(|stop| stop.within(&path))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.typed(|reader| reader.visit_map(None, visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Stop> {
        self.typed(|reader| reader.visit_map(Some(fields), visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, variants: &'static [&'static str], visitor: V) -> Result<V::Value, Stop> {
        self.typed(|reader| match &reader.node.value {
            Value::Text(text) => visitor.visit_enum(StrDeserializer::<Stop>::new(text)),
            Value::Map(entries) if entries.len() == 1 => {
                let Reader { path, unknown, .. } = &reader;
                visitor.visit_enum(MapAccessDeserializer::new(Entries {
                    entries: entries.iter(),
                    value: None,
                    fields: None,
                    path,
                    unknown,
                }))
            }
            _ => Err(de::Error::custom(format!("expected one of {}", variants.join(", ")))),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}

/// The items of a list.
struct Items<'a> {
    items: std::slice::Iter<'a, (usize, Node)>,
    path: &'a Path,
    unknown: &'a RefCell<Vec<Fault>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        read_at(seed, node, self.path.index(*index), self.unknown).map(Some)
    }
}

/// The keys and values of a map.
struct Entries<'a> {
    entries: std::slice::Iter<'a, (String, Node)>,
    /// The value of the key handed out last.
    value: Option<&'a (String, Node)>,
    /// The keys there can be; none: any.
    fields: Option<&'static [&'static str]>,
    path: &'a Path,
    unknown: &'a RefCell<Vec<Fault>>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        for entry in self.entries.by_ref() {
            let (key, node) = entry;
            match self.fields {
                Some(fields) if !fields.contains(&key.as_str()) => self.unknown.borrow_mut().push(Fault {
                    key: self.path.key(key).to_string(),
                    reason: unknown_key(key, fields),
                    origin: node.origin.clone(),
                }),
                _ => {
                    self.value = Some(entry);
                    return seed.deserialize(StrDeserializer::new(key)).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let (key, node) = self.value.take().ok_or_else(|| <Stop as de::Error>::custom("a value was asked for before its key"))?;
        read_at(seed, node, self.path.key(key), self.unknown)
    }
}

/// A type may take a value and only then find it illegal: such a fault is at this value too.
fn read_at<'de, S: DeserializeSeed<'de>>(seed: S, node: &Node, path: Path, unknown: &RefCell<Vec<Fault>>) -> Result<S::Value, Stop> {
    let here = path.clone();
    seed.deserialize(Reader { node, path, unknown }).map_err(|stop| stop.within(&here))
}

/// Names the likeliest key when one is near, all of them otherwise.
fn unknown_key(key: &str, fields: &[&str]) -> String {
    match nearest(key, fields.iter().copied()) {
        Some(field) => format!("is not a known key; did you mean `{field}`?"),
        None => format!("is not a known key; there is {}", fields.join(", ")),
    }
}
