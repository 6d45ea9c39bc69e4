//! Ids of users in specs: an experiment's lists of units that are let in or kept out. Where a token is configured, only a
//! caller who has it sees them; others see how many there are.

use std::borrow::Cow;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::AdminState;
use super::api::{Operation, Reads, Schemas};
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
    /// A view as this caller sees it.
    pub(super) fn of<V: Serialize>(self, view: &V) -> Shown<V> {
        let mut document = json!(view);
        if !self.user_ids {
            hide(&mut document);
        }
        Shown(document, PhantomData)
    }
}

impl Reads for Sight {
    fn describe(_: &mut Operation, _: &mut Schemas) {}
}

/// A view, from which user ids may have been taken out.
pub(super) struct Shown<V>(Value, PhantomData<fn() -> V>);

impl<V> Serialize for Shown<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// As of the whole view; what stands instead of user ids is added to the definitions by [`describe`].
impl<V: JsonSchema> JsonSchema for Shown<V> {
    fn schema_name() -> Cow<'static, str> {
        V::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        V::schema_id()
    }

    fn inline_schema() -> bool {
        V::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        V::json_schema(generator)
    }
}

const TARGETING: &str = "Targeting";
const SHOWN: &str = "TargetingOutput";

/// Gives the targeting of answers a definition of its own, with `hidden`.
pub(super) fn describe(definitions: &mut Map<String, Value>) {
    let mut shown = definitions[TARGETING].clone();
    let count = |list: &str| json!({"type": "integer", "minimum": 0, "description": format!("How many units `{list}` has.")});
    shown["properties"]["hidden"] = json!({
        "type": "object",
        "description": "How many units the lists have, instead of them: where `admin.token` is configured and the request does not bear it.",
        "properties": {"deny": count("deny"), "allow": count("allow")},
        "additionalProperties": false,
    });
    definitions.insert(SHOWN.to_owned(), shown);
    let field = &mut definitions["ExperimentSpecOutput"]["properties"]["targeting"];
    field["$ref"] = format!("#/components/schemas/{SHOWN}").into();
    definitions.sort_keys();
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
    let mut hidden = Map::new();
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
        assert_eq!(Sight { user_ids: false }.of(&around(&spec)).0, around(&hidden));
        assert_eq!(Sight { user_ids: true }.of(&around(&spec)).0, around(&spec));
        let nothing = json!({"spec": {"targeting": {}}});
        assert_eq!(Sight { user_ids: false }.of(&nothing).0, nothing);
    }
}
