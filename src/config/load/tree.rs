//! The configuration before it has types: a tree that remembers where each value was set.

use crate::config::fault::Origin;

/// One value and its place. Not printable on purpose: it may be a key.
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    /// From a variable or a flag, which know no types: what it means depends on what the key wants. A key such as `1e5`
    /// is a text for a secret and a number elsewhere.
    Untyped(String),
    /// Each with the place it was written at.
    List(Vec<(usize, Node)>),
    Map(Vec<(String, Node)>),
}
