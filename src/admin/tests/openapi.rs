//! The document describes what there is, all of it and nothing else.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode, header};
use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::Value;

use super::client::Api;
use crate::admin::{Lanes, resources};
use crate::config::Config;
use crate::control::testing::config;

fn document() -> Value {
    serde_json::from_str(crate::admin::openapi::DOCUMENT).expect("the document is JSON")
}

fn described() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().expect("the document has paths");
    let methods = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().expect("a path has methods").keys();
        methods.map(|method| (path.clone(), method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

#[tokio::test]
async fn paths_and_methods_are_those_of_the_router() {
    let api = Api::new().await;
    let mut served = BTreeSet::new();
    for (path, _) in resources(&Lanes::default()) {
        // A method nobody takes is answered with those that are taken.
        let answer = api.call(Method::TRACE, &path.replace("{alias}", "docs"), &[], "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.problem(), "wrong-method");
        let allowed = answer.header(header::ALLOW).split(',').map(str::trim).filter(|method| *method != "HEAD");
        served.extend(allowed.map(|method| (path.to_owned(), method.to_owned())));
    }
    assert_eq!(served, described());
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10, "the references were not found");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("references stay inside the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// Every property of an answer must be described, and every required one be there.
#[tokio::test]
async fn answers_have_the_described_shape() {
    let api = Api::new().await;
    let body = r#"{"variants": [{"name": "stable", "weight": 95}, {"name": "candidate", "collection": "candidate_v2", "weight": 5}]}"#;
    let route = api.call(Method::PUT, "/v1/routes/docs", &[], body).await.json();
    check(&route, "Route");
    check(&api.get("/v1/status").await.json(), "Status");
    check(&api.get("/v1/aliases/docs/decision?unit=u").await.json(), "Decision");
    check(&api.get("/v1/aliases").await.json()["items"][0], "Alias");
    check(&api.get("/v1/collections").await.json()["items"][0], "Collection");
    check(&api.get("/v1/routes/none").await.json(), "Problem");
    check(&api.get("/log-level").await.json(), "LogLevel");
    check(&api.call(Method::POST, "/v1/token-key/rotate", &[], r#"{"overlap": "1h"}"#).await.json(), "TokenKeyRotated");
}

#[tokio::test]
async fn webhooks_have_the_described_shape() {
    // Nobody listens there, and whoever did would have to be root.
    let hook = "webhooks: [{name: chat, url: 'http://127.0.0.1:1/', timeout: 100ms}]";
    let webhooks = serde_saphyr::from_str::<Config>(hook).expect("it is a configuration").webhooks;
    let api = Api::unlisted(Config { webhooks, ..config() }).await;
    check(&api.get("/v1/webhooks").await.json()["items"][0], "Webhook");
    let test = api.call(Method::POST, "/v1/webhooks/chat/test", &[], "").await.json();
    check(&test, "WebhookTest");
    assert_eq!(test["delivered"], false);
}

/// On a real engine, since what is compared has to be there.
#[tokio::test]
async fn shadow_comparisons_have_the_described_shape() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
    let rest = format!("http://{}", sandbox.rest_addr);
    for name in ["docs_v1", "docs_v2"] {
        send(Method::PUT, &format!("{rest}/collections/{name}"), r#"{"vectors": {"size": 2, "distance": "Dot"}}"#).await;
        send(Method::PUT, &format!("{rest}/collections/{name}/points?wait=true"), r#"{"points": [{"id": 1, "vector": [1, 1]}]}"#).await;
    }
    let alias = r#"{"actions": [{"create_alias": {"alias_name": "docs", "collection_name": "docs_v1"}}]}"#;
    send(Method::POST, &format!("{rest}/collections/aliases"), alias).await;
    let mut config = config();
    let upstream = config.upstreams.get_mut("default").expect("it is there");
    upstream.rest_url = rest.parse().expect("an address makes a URL");
    upstream.grpc_url = format!("http://{}", sandbox.grpc_addr.expect("it listens for gRPC")).parse().expect("a URL");
    let api = Api::unlisted(config).await;

    let made = api.call(Method::POST, "/v1/shadows", &[], r#"{"alias": "docs", "collection": "docs_v2", "reason": "why not"}"#).await;
    assert_eq!((made.status, made.json()["history"][0]["reason"].clone()), (StatusCode::CREATED, Value::from("why not")));
    check(&made.json(), "Shadow");
    let path = made.header(header::LOCATION).to_owned();
    check(&api.get(&path).await.json(), "Shadow");
    check(&api.get("/v1/shadows").await.json()["items"][0], "Shadow");
    check(&api.call(Method::POST, &format!("{path}/stop"), &[], "").await.json(), "Shadow");
    for (method, path, status) in [
        (Method::POST, format!("{path}/stop"), StatusCode::CONFLICT),
        (Method::GET, "/v1/shadows/shadow_nobody".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let answer = api.call(method, &path, &[], "").await;
        assert_eq!(answer.status, status, "{path}");
        check(&answer.json(), "Problem");
    }
    let canary = r#"{"alias": "docs", "collection": "docs_v2", "shadow": {"duration": "30m"}}"#;
    check(&api.call(Method::POST, "/v1/canaries", &[], canary).await.json(), "Canary");
}

async fn send(method: Method, url: &str, body: &'static str) {
    let asked = reqwest::Client::new().request(method, url).body(body).header(header::CONTENT_TYPE, "application/json");
    let answer = asked.send().await.expect("the sandbox answers");
    assert!(answer.status().is_success(), "{url}: {:?}", answer.text().await);
}

fn check(value: &Value, schema: &str) {
    let document = document();
    conforms(value, &document["components"]["schemas"][schema], &document, schema);
}

fn conforms(value: &Value, schema: &Value, document: &Value, at: &str) {
    let schema = schema["$ref"].as_str().map_or(schema, |reference| document.pointer(&reference[1..]).expect("tested above"));
    if let Value::Array(items) = value {
        items.iter().for_each(|item| conforms(item, &schema["items"], document, &format!("{at}[]")));
    }
    let Value::Object(fields) = value else { return };
    if schema["additionalProperties"].is_object() {
        return;
    }
    let (properties, required) = object(schema, document);
    for (name, field) in fields {
        let property = properties.get(name).unwrap_or_else(|| panic!("{at}.{name} is not described"));
        conforms(field, property, document, &format!("{at}.{name}"));
    }
    for name in required {
        assert!(fields.contains_key(&name), "{at}.{name} is missing");
    }
}

/// The properties of a schema, those of its parts included.
fn object(schema: &Value, document: &Value) -> (serde_json::Map<String, Value>, Vec<String>) {
    let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let names = schema["required"].as_array().into_iter().flatten();
    let mut required: Vec<String> = names.filter_map(Value::as_str).map(str::to_owned).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = part["$ref"].as_str().map_or(part, |reference| document.pointer(&reference[1..]).expect("tested above"));
        let (more, needed) = object(part, document);
        properties.extend(more);
        required.extend(needed);
    }
    (properties, required)
}
