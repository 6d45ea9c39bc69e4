//! What has to be written for the routes to become others.

use std::collections::BTreeSet;

use serde::Serialize;

use super::RouteState;
use super::absorb::{Absorbed, Routes};
use super::holdings::{CONFIGURED, Holdings, ROUTE};
use crate::store::{Expected, Key, Kind, Write};

/// From what is held to these routes and definitions; empty when nothing differs.
pub(super) fn between(held: &Holdings, routes: &Routes, absorbed: &Absorbed) -> Vec<Write> {
    let of_routes = names(&held.routes, routes).into_iter().filter_map(|alias| of_route(alias, held.routes.get(alias), routes.get(alias)));
    let of_definitions = names(&held.absorbed, absorbed).into_iter().filter_map(|alias| {
        let next = absorbed.get(alias);
        (held.absorbed.get(alias) != next).then(|| write(&CONFIGURED, alias, next, Expected::Any))
    });
    of_routes.chain(of_definitions).collect()
}

/// The write that makes the route of `alias` another; none when it is the same.
pub(super) fn of_route(alias: &str, before: Option<&RouteState>, after: Option<&RouteState>) -> Option<Write> {
    let same = match (before, after) {
        (Some(before), Some(after)) => before.spec == after.spec && before.allocation == after.allocation,
        (before, after) => before.is_none() && after.is_none(),
    };
    let expected = before.map_or(Expected::Absent, |before| Expected::Revision(before.revision));
    (!same).then(|| write(&ROUTE, alias, after, expected))
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

fn names<'a, A, B>(one: &'a std::collections::BTreeMap<String, A>, other: &'a std::collections::BTreeMap<String, B>) -> BTreeSet<&'a str> {
    one.keys().chain(other.keys()).map(String::as_str).collect()
}
