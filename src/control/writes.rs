//! What has to be written for the routes to become others.

use std::collections::BTreeSet;

use super::absorb::{Absorbed, Routes};
use super::document::{CONFIGURED, ROUTE, write};
use super::holdings::Holdings;
use super::route::RouteState;
use crate::store::{Expected, Write};

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

fn names<'a, A, B>(one: &'a std::collections::BTreeMap<String, A>, other: &'a std::collections::BTreeMap<String, B>) -> BTreeSet<&'a str> {
    one.keys().chain(other.keys()).map(String::as_str).collect()
}
