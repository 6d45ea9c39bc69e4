//! Keys set by environment variables: `POINTSMAN__LISTEN__REST` is `listen.rest`.

use std::ffi::OsString;
use std::sync::Arc;

use super::tree::{Node, Value};
use crate::config::fault::{Fault, Origin};

const PREFIX: &str = "POINTSMAN__";

/// Lays the variables over `tree`; shorter keys first, so that the finer variable wins.
pub(super) fn apply(variables: &[(String, OsString)], tree: &mut Node, faults: &mut Vec<Fault>) {
    let mut ours: Vec<_> = variables.iter().filter_map(|(name, value)| Some((name, keys(name.strip_prefix(PREFIX)?), value))).collect();
    ours.sort_by(|(one, one_keys, _), (other, other_keys, _)| one_keys.len().cmp(&other_keys.len()).then(one.cmp(other)));
    for (name, keys, value) in ours {
        let origin = Origin::Environment(Arc::from(name.as_str()));
        let mut fault = |key: &[String], reason: &str| {
            faults.push(Fault { key: key.join("."), reason: reason.into(), origin: origin.clone() });
        };
        let Some(text) = value.to_str() else {
            fault(&keys, "is not UTF-8");
            continue;
        };
        if keys.iter().any(String::is_empty) {
            fault(&[], "names no key: write POINTSMAN__SECTION__KEY");
            continue;
        }
        let leaf = Node { value: Value::Untyped(text.into()), origin: origin.clone() };
        if let Err(depth) = tree.set(&keys, leaf) {
            fault(&keys[..depth], "is set to a single value, so no key inside it can be set");
        }
    }
}

/// Capitals are how variables are written; a name with small letters (an alias, say) is taken as it stands.
fn keys(name: &str) -> Vec<String> {
    let plain = |part: &str| if part.chars().any(char::is_lowercase) { part.to_owned() } else { part.to_lowercase() };
    name.split("__").map(plain).collect()
}
