//! What the control plane keeps in the store: the kinds of its documents, and how they are written.

use serde::Serialize;

use crate::store::{Expected, Key, Kind, Write};

/// A route, under its alias.
pub(super) const ROUTE: Kind = Kind::new("route");
/// The definition of a route that was taken in from the configuration, under its alias.
pub(super) const CONFIGURED: Kind = Kind::new("configured_route");
/// A canary, under its id.
pub(super) const CANARY: Kind = Kind::new("canary");
/// Whose an alias is, under the alias: of two that want it, one gets it.
pub(super) const OWNER: Kind = Kind::new("owner");
/// An experiment, under its id.
pub(super) const EXPERIMENT: Kind = Kind::new("experiment");
/// A shadow comparison, under its id.
pub(super) const SHADOW: Kind = Kind::new("shadow");
/// Whose reads of an alias are mirrored for, under the alias: a shadow comparison of its own, or a canary.
pub(super) const SHADOWED: Kind = Kind::new("shadowed");
/// What signs the decisions applications send back with their feedback.
pub(super) const TOKEN_KEY: Kind = Kind::new("token_key");
/// An alias that is about to be moved, under its name: in the store before Qdrant is asked, until it is recorded.
pub(super) const ALIAS_MOVE: Kind = Kind::new("alias_move");
/// The kill switch.
pub(super) const KILL_SWITCH: Kind = Kind::new("kill_switch");
/// A deployment, under its id.
pub(super) const DEPLOYMENT: Kind = Kind::new("deployment");
/// A collection that an alias has left, under both names.
pub(super) const DEPARTURE: Kind = Kind::new("departure");
/// The scheduled deletion of a collection, under its id.
pub(super) const RETIREMENT: Kind = Kind::new("retirement");

/// The id of what there is one of.
pub(super) const ONLY: &str = "global";

/// A document that says something else than this version can understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored {key} cannot be read: {reason}")]
pub struct Unreadable {
    pub key: Key,
    pub reason: String,
}

/// Puts `body` under `id`, or deletes what is there.
pub(super) fn write<T: Serialize>(kind: &Kind, id: &str, body: Option<&T>, expected: Expected) -> Write {
    let key = Key::new(kind.clone(), id);
    match body {
        Some(body) => Write::Put { key, body: json(body), due_at: None, expected },
        None => Write::Delete { key, expected },
    }
}

/// What is written is ours: maps with text for keys, numbers, text.
pub(super) fn json<T: Serialize>(body: &T) -> serde_json::Value {
    serde_json::to_value(body).expect("the control plane's documents are JSON")
}
