//! Holds answers and requests to the document: strictly, so that nothing is sent that is not described.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::http::Method;
use jsonschema::{Draft, Validator};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::admin::openapi::DOCUMENT;

/// What a URI says by its code: the braces of templates.
const IN_A_FRAGMENT: &AsciiSet = &CONTROLS.add(b'{').add(b'}');

static OPENAPI: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&DOCUMENT).expect("the document is JSON"));

/// The document, whose every object has the described properties and no others.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut strict = OPENAPI.clone();
    let close_all = |schemas: &mut Value| schemas.as_object_mut().into_iter().flatten().for_each(|(_, schema)| close(schema, false));
    close_all(&mut strict["components"]["schemas"]);
    for (_, path) in strict["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in path.as_object_mut().into_iter().flatten() {
            for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                let contents = response.get_mut("content").and_then(Value::as_object_mut);
                contents.into_iter().flatten().for_each(|(_, content)| close(&mut content["schema"], false));
            }
        }
    }
    strict
});

pub(super) fn document() -> &'static Value {
    &OPENAPI
}

/// Every operation with its path and its method.
pub(super) fn operations() -> impl Iterator<Item = (&'static str, Method, &'static Value)> {
    let paths = OPENAPI["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.to_uppercase().parse().expect("a method"), operation))
    })
}

/// What is wrong with a body that a client sends to an operation.
pub(super) fn request_faults(path: &str, method: &Method, body: &Value) -> Vec<String> {
    faults(&OPENAPI, &format!("{}/requestBody/content/application~1json/schema", pointer(path, method)), body)
}

/// Panics where an answer is not as it is described.
pub(super) fn check_answer(asked: &Method, uri: &str, status: u16, media: &str, body: &[u8]) {
    let path = uri.split('?').next().unwrap_or_default();
    let Some((template, _, operation)) = operations().find(|(template, method, _)| method == asked && is_of(path, template)) else {
        return;
    };
    let described = &operation["responses"][status.to_string()];
    assert!(described.is_object(), "{asked} {template} is not said to answer {status}: {}", String::from_utf8_lossy(body));
    let media = media.split(';').next().unwrap_or_default();
    if body.is_empty() && described["content"].is_null() {
        return;
    }
    assert!(described["content"][media].is_object(), "{asked} {template} is not said to answer {status} with `{media}`");
    if !media.ends_with("json") || template == "/openapi.json" {
        return;
    }
    let body: Value = serde_json::from_slice(body).expect("a body that says it is JSON is JSON");
    let place = format!("{}/responses/{status}/content/{}/schema", pointer(template, asked), media.replace('/', "~1"));
    let faults = faults(&STRICT, &place, &body);
    assert!(faults.is_empty(), "{asked} {template} {status}:\n{}\n{body:#}", faults.join("\n"));
}

/// Panics where a value is not an answer of this schema.
pub(super) fn check_schema(schema: &str, value: &Value) {
    let faults = faults(&STRICT, &format!("/components/schemas/{schema}"), value);
    assert!(faults.is_empty(), "{schema}:\n{}\n{value:#}", faults.join("\n"));
}

fn pointer(path: &str, method: &Method) -> String {
    format!("/paths/{}/{}", path.replace('/', "~1"), method.as_str().to_lowercase())
}

fn is_of(path: &str, template: &str) -> bool {
    let (path, template): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), template.split('/').collect());
    let same = |(part, wanted): (&&str, &&str)| wanted.starts_with('{') || part == wanted;
    // A word in a template goes before a parameter: `/v1/experiments/plan` is no experiment.
    let literal = |wanted: &str| template.contains(&wanted) || !path.contains(&wanted);
    path.len() == template.len() && path.iter().zip(&template).all(same) && literal("plan")
}

fn faults(document: &'static Value, pointer: &str, value: &Value) -> Vec<String> {
    type Known = HashMap<(usize, String), Arc<Validator>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let key = (std::ptr::from_ref(document) as usize, pointer.to_owned());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = known.entry(key).or_insert_with(|| {
        let mut root = Map::new();
        root.insert("$ref".to_owned(), json!(format!("#{}", utf8_percent_encode(pointer, IN_A_FRAGMENT))));
        root.extend(["paths", "components"].map(|part| (part.to_owned(), document[part].clone())));
        let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&Value::Object(root));
        Arc::new(validator.unwrap_or_else(|error| panic!("{pointer} is not a schema: {error}")))
    });
    let validator = Arc::clone(validator);
    drop(known);
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Forbids what is not described. `part`: of a schema that is closed itself, where its own properties are evaluated.
fn close(schema: &mut Value, part: bool) {
    let Value::Object(fields) = schema else { return };
    let own = fields.contains_key("properties");
    let described = own || ["oneOf", "anyOf", "allOf"].iter().any(|key| fields.get(*key).is_some_and(describes_objects));
    let open = !fields.contains_key("additionalProperties") && !fields.contains_key("unevaluatedProperties");
    for (key, field) in fields.iter_mut() {
        match key.as_str() {
            "properties" | "$defs" => field.as_object_mut().into_iter().flatten().for_each(|(_, property)| close(property, false)),
            "oneOf" | "anyOf" | "allOf" => field.as_array_mut().into_iter().flatten().for_each(|branch| close(branch, part || own)),
            "prefixItems" => field.as_array_mut().into_iter().flatten().for_each(|item| close(item, false)),
            "items" | "additionalProperties" => close(field, false),
            _ => {}
        }
    }
    if described && open && !part {
        fields.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}

fn describes_objects(branches: &Value) -> bool {
    branches.as_array().into_iter().flatten().any(|branch| branch["properties"].is_object())
}
