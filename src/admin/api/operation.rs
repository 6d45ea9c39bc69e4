//! The description of one operation, before it is written into the document.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::admin::problem::Kind;

/// What is known of an operation.
#[derive(Default)]
pub(in crate::admin) struct Operation {
    /// Path, query and header parameters, as OpenAPI writes them.
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) answers: BTreeMap<u16, Answer>,
    pub(in crate::admin) problems: BTreeSet<Kind>,
}

/// One success.
pub(in crate::admin) struct Answer {
    pub(super) description: &'static str,
    /// Schemas by media type; none where there is no body.
    pub(super) content: Map<String, Value>,
    pub(super) headers: Map<String, Value>,
}

impl Answer {
    pub(in crate::admin) fn empty(description: &'static str) -> Self {
        Self { description, content: Map::new(), headers: Map::new() }
    }

    pub(in crate::admin) fn json(description: &'static str, schema: &Value) -> Self {
        Self::of("application/json", description, schema)
    }

    pub(in crate::admin) fn of(media: &str, description: &'static str, schema: &Value) -> Self {
        Self::empty(description).or(media, schema)
    }

    /// The same in another form, where the client asks for it.
    pub(in crate::admin) fn or(mut self, media: &str, schema: &Value) -> Self {
        self.content.insert(media.to_owned(), json!({"schema": schema}));
        self
    }

    pub(in crate::admin) fn header(mut self, name: &str, description: &str) -> Self {
        self.headers.insert(name.to_owned(), json!({"description": description, "required": true, "schema": {"type": "string"}}));
        self
    }

    /// It is of a document with a revision.
    pub(in crate::admin) fn tagged(self) -> Self {
        self.header("ETag", "The revision, in quotes. Send it as If-Match to change this revision and no other.")
    }
}

impl Operation {
    pub(in crate::admin) fn answers(&mut self, status: StatusCode, answer: Answer) {
        self.answers.insert(status.as_u16(), answer);
    }

    /// The schema a parameter of the path has instead of a plain text.
    pub(in crate::admin) fn path_parameter(&mut self, name: &str, schema: &Value) {
        let known = self.parameters.iter_mut().find(|parameter| parameter["in"] == "path" && parameter["name"] == name);
        known.into_iter().for_each(|parameter| parameter["schema"] = schema.clone());
    }

    pub(super) fn path_parameters(&mut self, path: &str) {
        for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let description = match name {
                "alias" => "The name of the alias, percent-encoded.",
                "name" => "The name of the webhook in the configuration.",
                "command" => "What to do.",
                _ => "The id, as it was answered at the creation.",
            };
            let schema = json!({"type": "string", "minLength": 1});
            self.parameters.push(json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema}));
        }
    }

    pub(in crate::admin) fn header(&mut self, name: &str, description: &str, schema: &Value) {
        self.parameters.push(json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema}));
    }

    /// One parameter for each property of an object.
    pub(in crate::admin) fn query(&mut self, object: &Value) {
        let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in object["properties"].as_object().into_iter().flatten() {
            let mut schema = property.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
            let required = required.contains(&name.as_str());
            let description = description.unwrap_or_default();
            self.parameters.push(
                json!({"name": name, "in": "query", "required": required, "description": description, "schema": without_null(schema)}),
            );
        }
    }

    pub(in crate::admin) fn body(&mut self, required: bool, schema: &Value) {
        self.body = Some(json!({"required": required, "content": {"application/json": {"schema": schema}}}));
    }
}

/// A query string has no null: what may be left out is left out.
fn without_null(mut schema: Value) -> Value {
    let Some(fields) = schema.as_object_mut() else { return schema };
    fields.retain(|name, value| name != "default" || !value.is_null());
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(branches)) = fields.get_mut("anyOf") {
        branches.retain(|branch| branch["type"] != "null");
        if let [only] = branches.as_slice() {
            let only = only.clone();
            fields.shift_remove("anyOf");
            fields.extend(only.as_object().cloned().unwrap_or_default());
        }
    }
    schema
}
