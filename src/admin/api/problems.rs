//! The answers that are no success, as the document describes them.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value, json};

use super::endpoint::Right;
use crate::admin::auth::changes;
use crate::admin::problem::Kind;

/// Those of every request: what is checked before a handler is asked, and bugs.
pub(super) fn of_every(right: Right, method: &Method) -> Vec<Kind> {
    let mut kinds = vec![Kind::Malformed, Kind::ForeignHost, Kind::CrossSite, Kind::Internal];
    if right != Right::Read {
        kinds.push(Kind::Unauthorized);
    }
    if changes(method) {
        kinds.push(Kind::MediaType);
    }
    kinds
}

/// One response for each status.
pub(super) fn responses(kinds: &BTreeSet<Kind>) -> BTreeMap<u16, Value> {
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status().as_u16()).or_default().push(*kind);
    }
    by_status.into_iter().map(|(status, kinds)| (status, response(&kinds))).collect()
}

fn response(kinds: &[Kind]) -> Value {
    let sentences: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.slug(), kind.title())).collect();
    let types: Vec<String> = kinds.iter().map(|kind| kind.urn()).collect();
    let schema = json!({"$ref": "#/components/schemas/Problem", "properties": {"type": {"enum": types}}});
    let mut response = json!({"description": sentences.join(" "), "content": {"application/problem+json": {"schema": schema}}});
    if kinds.contains(&Kind::Unauthorized) {
        response["headers"] = json!({"WWW-Authenticate": {"required": true, "schema": {"const": "Bearer"}}});
    }
    if kinds.contains(&Kind::Busy) {
        let schema = json!({"type": "integer", "minimum": 0});
        response["headers"] = json!({"Retry-After": {"description": "Seconds until asking again makes sense.", "schema": schema}});
    }
    response
}
