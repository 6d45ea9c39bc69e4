//! Ids of users in specs: an experiment's lists of units that are let in or kept out. Where a token is configured, only a
//! caller who has it sees them; others see how many there are.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::AdminState;
use super::auth::bears;
use super::problem::Problem;

/// What a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    user_ids: bool,
}

impl FromRequestParts<AdminState> for Sight {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Problem> {
        let plan = state.control.plan();
        Ok(Self { user_ids: plan.admin.token.as_ref().is_none_or(|token| bears(&parts.headers, token)) })
    }
}

impl Sight {
    /// A document as this caller sees it.
    pub(super) fn of(self, mut document: Value) -> Value {
        if !self.user_ids {
            hide(&mut document);
        }
        document
    }
}

/// Wherever in a document they stand: the audit log holds specs inside other things.
fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "targeting" {
                    hide_lists(field);
                } else {
                    hide(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide_lists(targeting: &mut Value) {
    let Value::Object(fields) = targeting else { return };
    let mut hidden = serde_json::Map::new();
    for name in ["deny", "allow"] {
        let units = match fields.remove(name) {
            Some(Value::Array(units)) => units.len(),
            Some(Value::Object(units)) => units.len(),
            _ => continue,
        };
        hidden.insert(name.to_owned(), json!(units));
    }
    if !hidden.is_empty() {
        fields.insert("hidden".to_owned(), Value::Object(hidden));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_units_become_their_lengths_wherever_they_are() {
        let spec = json!({"name": "a", "targeting": {"deny": ["ann", "bob"], "allow": {"carl": "new"}, "headers": {"x-tier": "gold"}}});
        let hidden = json!({"name": "a", "targeting": {"headers": {"x-tier": "gold"}, "hidden": {"deny": 2, "allow": 1}}});
        let around = |spec: &Value| json!({"items": [{"before": null, "after": spec}, {"spec": spec, "id": 1}], "next": null});
        assert_eq!(Sight { user_ids: false }.of(around(&spec)), around(&hidden));
        assert_eq!(Sight { user_ids: true }.of(around(&spec)), around(&spec));
        let nothing = json!({"spec": {"targeting": {}}});
        assert_eq!(Sight { user_ids: false }.of(nothing.clone()), nothing);
    }
}
