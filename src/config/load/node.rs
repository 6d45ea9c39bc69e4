//! What is done with the tree: laid over another, set, opened, pruned.

use super::tree::{Node, Value};
use super::yaml;
use crate::config::fault::Origin;
use crate::config::path::{Path, Step};

impl Node {
    pub(super) fn empty() -> Self {
        Self { value: Value::Map(Vec::new()), origin: Origin::Default }
    }

    /// Lays `over` on top: maps key by key, everything else as a whole.
    pub(super) fn merge(&mut self, mut over: Self) {
        if matches!(self.value, Value::Map(_)) {
            over.open();
        }
        match (&mut self.value, over.value) {
            (Value::Map(mine), Value::Map(theirs)) => {
                for (key, node) in theirs {
                    match mine.iter_mut().find(|(name, _)| *name == key) {
                        Some((_, own)) => own.merge(node),
                        None => mine.push((key, node)),
                    }
                }
            }
            (_, value) => (self.value, self.origin) = (value, over.origin),
        }
    }

    /// Lays `leaf` at the end of `keys`, making the maps on the way. The error is how many keys deep a value stands that
    /// can have no keys.
    pub(super) fn set(&mut self, keys: &[String], leaf: Self) -> Result<(), usize> {
        let Some((key, rest)) = keys.split_first() else {
            self.merge(leaf);
            return Ok(());
        };
        self.open();
        if matches!(self.value, Value::Null) {
            self.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut self.value else { return Err(0) };
        let place = entries.iter().position(|(name, _)| same_key(name, key)).unwrap_or_else(|| {
            entries.push((key.clone(), Self { value: Value::Null, origin: leaf.origin.clone() }));
            entries.len() - 1
        });
        entries[place].1.set(rest, leaf).map_err(|depth| depth + 1)
    }

    /// Reads an untyped text as the list or map it may be.
    pub(super) fn open(&mut self) {
        if let Value::Untyped(text) = &self.value
            && let Ok(Self { value: value @ (Value::List(_) | Value::Map(_)), .. }) = yaml::fragment(text, &self.origin)
        {
            self.value = value;
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.open();
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Untyped(text) => Some(text),
            _ => None,
        }
    }

    /// Where the value at `path` was set; when there is none, what would hold it.
    pub(super) fn origin_of(&self, path: &Path) -> &Origin {
        let mut node = self;
        for step in path.steps() {
            let child = match (&node.value, step) {
                (Value::Map(entries), Step::Key(key)) => entries.iter().find(|(name, _)| name == key).map(|(_, child)| child),
                (Value::List(entries), Step::Index(index)) => entries.iter().find(|(place, _)| place == index).map(|(_, child)| child),
                _ => None,
            };
            let Some(child) = child else { break };
            node = child;
        }
        &node.origin
    }

    /// Takes out the value at `path`; when there is none, the innermost one that would hold it. Always takes something.
    pub(super) fn prune(&mut self, path: &Path) {
        if !self.prune_steps(path.steps()) {
            self.value = Value::Map(Vec::new());
        }
    }

    /// False when the caller has to take this node out as a whole.
    fn prune_steps(&mut self, steps: &[Step]) -> bool {
        self.open();
        let Some((step, rest)) = steps.split_first() else { return false };
        match (&mut self.value, step) {
            (Value::Map(entries), Step::Key(key)) => prune_in(entries, key, rest),
            (Value::List(entries), Step::Index(index)) => prune_in(entries, index, rest),
            _ => false,
        }
    }
}

fn prune_in<K: PartialEq>(entries: &mut Vec<(K, Node)>, key: &K, rest: &[Step]) -> bool {
    let Some(place) = entries.iter().position(|(name, _)| name == key) else { return false };
    if !entries[place].1.prune_steps(rest) {
        entries.remove(place);
    }
    true
}

/// Variables are written in capitals and without dashes, whatever the key is.
fn same_key(name: &str, key: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    name.len() == key.len() && name.bytes().map(plain).eq(key.bytes().map(plain))
}
