//! JSON Schemas of the types on the wire, in the dialect of OpenAPI 3.1 (2020-12).
//!
//! A request may leave out what has a default; an answer spells it out. A type that is both gets two schemas where they differ, and
//! the answer's is called `…Output`.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// Where the definitions of answers stand until all of them are known.
const ANSWERS: &str = "#/components/answers/";
const SCHEMAS: &str = "#/components/schemas/";
const OUTPUT: &str = "Output";

pub(in crate::admin) struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = |path: &'static str| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = path.into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings("/components/schemas").for_deserialize().into_generator(),
            answers: settings("/components/answers").for_serialize().into_generator(),
        }
    }
}

impl Schemas {
    /// Of what clients send.
    pub(in crate::admin) fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// The same, spelt out where it is used.
    pub(in crate::admin) fn request_inline<T: JsonSchema>(&mut self) -> Value {
        T::json_schema(&mut self.requests).to_value()
    }

    /// Of what clients get.
    pub(in crate::admin) fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// All definitions, and `document` with its references to them.
    pub(super) fn finish(mut self, document: &mut Value) -> Map<String, Value> {
        let mut definitions = self.requests.take_definitions(true);
        let answers = self.answers.take_definitions(true);
        let apart = apart(&definitions, &answers);
        let name = |name: &str| if apart.contains(name) { format!("{name}{OUTPUT}") } else { name.to_owned() };
        let renamed = |reference: &str| reference.strip_prefix(ANSWERS).map(|known| format!("{SCHEMAS}{}", name(known)));
        for (known, mut schema) in answers {
            rename(&mut schema, &renamed);
            definitions.insert(name(&known), schema);
        }
        rename(document, &renamed);
        definitions.sort_keys();
        definitions
    }
}

/// The names of what is not the same in requests and answers, itself or by what it refers to.
fn apart(requests: &Map<String, Value>, answers: &Map<String, Value>) -> BTreeSet<String> {
    let both: Vec<&String> = answers.keys().filter(|name| requests.contains_key(*name)).collect();
    let mut apart = BTreeSet::new();
    loop {
        let known = apart.len();
        for name in &both {
            let mut answer = answers[*name].clone();
            rename(&mut answer, &|reference: &str| {
                let name = reference.strip_prefix(ANSWERS)?;
                Some(if apart.contains(name) { format!("{SCHEMAS}{name}{OUTPUT}") } else { format!("{SCHEMAS}{name}") })
            });
            if answer != requests[*name] {
                apart.insert((*name).clone());
            }
        }
        if apart.len() == known {
            return apart;
        }
    }
}

/// Gives references other targets, wherever in a schema they stand.
fn rename(value: &mut Value, to: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(renamed) = to(reference)
            {
                *reference = renamed;
            }
            fields.values_mut().for_each(|field| rename(field, to));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
