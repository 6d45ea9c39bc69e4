//! The OpenAPI document.

use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, Right, Tag};
use super::examples;
use super::problems;
use super::schemas::Schemas;
use crate::admin::problem::Problem;
use crate::admin::user_ids;

const ABOUT: &str = "Operating a Pointsman, a routing reverse proxy in front of Qdrant. Every answer that is not a success is a problem \
    document (RFC 9457). Changes are conditional: they name the revision they are for in `If-Match`. Where `admin.token` is configured, \
    changes need it as a bearer token; where it is not, every client may make them. Requests for a host that is no name of this API, and \
    requests of pages of other sites, are answered 403. A path that is not described is answered 404 (`unknown-path`), a method that is not \
    405 (`wrong-method`).";

/// The description of these endpoints.
pub(in crate::admin) fn document(endpoints: &[Endpoint]) -> Value {
    let mut schemas = Schemas::default();
    schemas.answer::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints {
        let described = operation(endpoint, &mut schemas);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_lowercase()] = described;
    }
    let mut paths = Value::Object(paths);
    let mut definitions = schemas.finish(&mut paths);
    user_ids::describe(&mut definitions);
    let tag = |tag: Tag| {
        let (name, description) = tag.describe();
        json!({"name": name, "description": description})
    };
    let token = |key: &str, opens: &str| json!({"type": "http", "scheme": "bearer", "description": format!("`{key}` of the configuration: {opens}.")});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Pointsman admin API", "version": "1", "description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "http://127.0.0.1:7335", "description": "The default of `listen.admin`."}],
        "tags": Tag::ALL.map(tag),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "adminToken": token("admin.token", "opens everything"),
                "feedbackToken": token("admin.feedback_token", "opens feedback and assignments"),
            },
            "schemas": definitions,
        },
    })
}

fn operation(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let mut operation = endpoint.operation(schemas);
    let example = examples::of(endpoint.id);
    let (tag, _) = endpoint.tag.describe();
    let mut responses = Map::new();
    for (status, answer) in operation.answers {
        let mut response = json!({"description": answer.description});
        if !answer.headers.is_empty() {
            response["headers"] = Value::Object(answer.headers);
        }
        if !answer.content.is_empty() {
            response["content"] = Value::Object(answer.content);
        }
        if let Some(body) = example.filter(|example| example.status == status).and_then(|example| example.response.as_ref()) {
            response["content"]["application/json"]["example"] = body.clone();
        }
        responses.insert(status.to_string(), response);
    }
    for (status, response) in problems::responses(&operation.problems) {
        responses.insert(status.to_string(), response);
    }
    responses.sort_keys();
    if let Some(example) = example {
        for parameter in &mut operation.parameters {
            let value = parameter["name"].as_str().and_then(|name| example.parameter(name));
            if let Some(value) = value {
                parameter["example"] = value;
            }
        }
        if let (Some(body), Some(request)) = (operation.body.as_mut(), example.body()) {
            body["content"]["application/json"]["example"] = request;
        }
    }
    let mut described =
        json!({"operationId": endpoint.id, "tags": [tag], "summary": endpoint.summary, "security": security(endpoint.right)});
    if !operation.parameters.is_empty() {
        described["parameters"] = Value::Array(operation.parameters);
    }
    if let Some(body) = operation.body {
        described["requestBody"] = body;
    }
    described["responses"] = Value::Object(responses);
    described
}

/// Reads need no token.
fn security(right: Right) -> Value {
    match right {
        Right::Read => json!([]),
        Right::Change => json!([{"adminToken": []}]),
        Right::Feedback => json!([{"adminToken": []}, {"feedbackToken": []}]),
    }
}
