//! What follows for an upstream from what was said about it: one URL from the other.

use std::collections::HashSet;

use super::tree::{Node, Value};
use crate::config::sections::{QDRANT_GRPC_PORT, QDRANT_HOST, QDRANT_REST_PORT};
use crate::config::{DEFAULT_UPSTREAM, Fault, Origin, UpstreamUrl};

/// The names of the upstreams as they were written, faulty ones too: a route that names one of those is not at fault.
pub(super) fn names(tree: &mut Node) -> HashSet<String> {
    match section(tree) {
        Some(entries) => entries.iter().map(|(name, _)| name.clone()).collect(),
        None => HashSet::from([DEFAULT_UPSTREAM.to_owned()]),
    }
}

/// Gives each upstream that names only one of its URLs the other: the same host, Qdrant's usual port.
///
/// A default of its own for `grpc_url` would be a trap: with `--qdrant-url` alone, gRPC would go on to this machine.
///
/// Where the one URL has a port of its own there is nothing to go by: gRPC of another Qdrant may well answer at the usual
/// port, and its aliases would be taken for this one's.
pub(super) fn complete(tree: &mut Node, faults: &mut Vec<Fault>) {
    for (name, upstream) in section(tree).into_iter().flatten() {
        upstream.open();
        if let Value::Map(entries) = &mut upstream.value {
            complete_one(name, entries, faults);
        }
    }
}

fn complete_one(name: &str, entries: &mut Vec<(String, Node)>, faults: &mut Vec<Fault>) {
    let has = |key: &str| entries.iter().find(|(name, _)| name == key).map(|(_, node)| node);
    let mut derive = |node: &Node, from: (&str, u16), to: (&str, u16)| {
        let url: UpstreamUrl = node.text()?.parse().ok()?;
        if let Some(port) = url.port().filter(|port| *port != from.1) {
            let reason = format!("is missing: {} has port {port}, so {}'s cannot be guessed", from.0, to.0);
            faults.push(Fault { key: format!("upstreams.{name}.{}", to.0), reason, origin: node.origin.clone() });
        } else if url.has_path() {
            let reason = format!("is missing: {} leads below a path, so {}'s cannot be guessed", from.0, to.0);
            faults.push(Fault { key: format!("upstreams.{name}.{}", to.0), reason, origin: node.origin.clone() });
        }
        Some((url.with_port(to.1).to_string(), node.origin.clone()))
    };
    let (of_rest, of_grpc) = (("rest_url", QDRANT_REST_PORT), ("grpc_url", QDRANT_GRPC_PORT));
    let additions: Vec<(&str, (String, Origin))> = match (has("rest_url"), has("grpc_url")) {
        (Some(rest), None) => derive(rest, of_rest, of_grpc).map(|url| ("grpc_url", url)).into_iter().collect(),
        (None, Some(grpc)) => derive(grpc, of_grpc, of_rest).map(|url| ("rest_url", url)).into_iter().collect(),
        (None, None) if name == DEFAULT_UPSTREAM => {
            let local = |port: u16| (format!("{QDRANT_HOST}:{port}"), Origin::Default);
            vec![("rest_url", local(QDRANT_REST_PORT)), ("grpc_url", local(QDRANT_GRPC_PORT))]
        }
        _ => Vec::new(),
    };
    entries.extend(additions.into_iter().map(|(key, (url, origin))| (key.to_owned(), Node { value: Value::Text(url), origin })));
}

fn section(tree: &mut Node) -> Option<&mut Vec<(String, Node)>> {
    let section = tree.get_mut("upstreams")?;
    section.open();
    match &mut section.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}
