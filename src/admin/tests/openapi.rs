//! The document: committed as it is served, whole, and in plain words.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode, header};
use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use super::client::Api;
use super::conformance::{check_schema, document, operations, request_faults};
use crate::admin::api::exchanges;
use crate::admin::openapi::DOCUMENT;
use crate::config::Config;
use crate::control::testing::config;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(COMMITTED, DOCUMENT.as_str()).expect("the checkout can be written");
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == *DOCUMENT, "docs/openapi.json is stale; `make schemas` renews it");
}

#[test]
fn every_operation_is_named_once_and_described() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(!id.is_empty() && ids.insert(id), "{method} {path}: `{id}` is no name of its own");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{id}: {summary}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|text| !text.is_empty()), "{id}: {parameter}");
        }
    }
    assert!(ids.len() > 50, "the operations were not found");
}

#[test]
fn every_operation_has_an_example_that_a_test_sends() {
    let sent: BTreeSet<&str> = exchanges().iter().map(|exchange| exchange.operation.as_str()).collect();
    // A capture does not end by itself.
    let streams = |operation: &Value| operation["responses"]["200"]["content"]["application/x-ndjson"].is_object();
    let ids =
        operations().filter(|(_, _, operation)| !streams(operation)).filter_map(|(_, _, operation)| operation["operationId"].as_str());
    let without: Vec<&str> = ids.filter(|id| !sent.contains(id)).collect();
    assert!(without.is_empty(), "no example of {without:?}");
}

/// A link of rustdoc means nothing to a reader of the document, and a number at the end of a name tells two types apart that want names.
#[test]
fn descriptions_are_for_users_of_the_api() {
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("description").and_then(Value::as_str).map(str::to_owned));
                fields.iter().filter(|(name, _)| *name != "example").for_each(|(_, field)| texts(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    texts(document(), &mut found);
    assert!(found.len() > 300, "the descriptions were not found");
    let links: Vec<&String> = found.iter().filter(|text| text.contains("[`") || text.contains("](")).collect();
    assert!(links.is_empty(), "{links:#?}");
    let names = document()["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name);
    let numbered: Vec<&String> = names.filter(|name| name.ends_with(|last: char| last.is_ascii_digit())).collect();
    assert!(numbered.is_empty(), "{numbered:?}");
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
    let mut found = BTreeSet::new();
    references(document(), &mut found);
    assert!(found.len() > 50, "the references were not found");
    for reference in &found {
        let pointer = reference.strip_prefix('#').expect("references stay inside the document");
        assert!(document().pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let unused =
        document()["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| format!("#/components/schemas/{name}"));
    let unused: Vec<String> = unused.filter(|name| !found.contains(name)).collect();
    assert!(unused.is_empty(), "nothing refers to {unused:?}");
}

/// Where a token is configured, exactly those operations need it that say so.
#[tokio::test]
async fn what_needs_a_token_says_so() {
    let mut guarded = config();
    guarded.admin.token = Some(crate::config::Secret::new("sesame"));
    guarded.admin.feedback_token = Some(crate::config::Secret::new("simsalabim"));
    let api = Api::unlisted(guarded).await;
    for (path, method, operation) in
        operations().filter(|(_, _, operation)| !operation["responses"]["200"]["content"]["text/event-stream"].is_object())
    {
        let said = operation["security"].as_array().map_or(0, Vec::len);
        let path = path.replace(['{', '}'], "");
        let mut opened = 0;
        for token in ["sesame", "simsalabim"] {
            let headers = [("authorization", format!("Bearer {token}"))];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let answer = api.call(method.clone(), &path, &headers, "").await;
            opened += usize::from(answer.status != StatusCode::UNAUTHORIZED);
        }
        let needs = api.call(method.clone(), &path, &[], "").await.status == StatusCode::UNAUTHORIZED;
        assert_eq!((needs, opened), if said == 0 { (false, 2) } else { (true, said) }, "{method} {path}");
    }
}

/// Faults of types: a misspelt field is refused by the type and by the schema, whatever the request.
#[test]
fn unknown_fields_fail_every_request_schema() {
    for exchange in exchanges() {
        let Some(Value::Object(request)) = &exchange.request else { continue };
        let endpoint = operations().find(|(_, _, operation)| operation["operationId"] == exchange.operation.as_str());
        let (path, method, _) = endpoint.expect("an example is of an operation");
        let mut misspelt = request.clone();
        misspelt.insert("colour".to_owned(), json!("red"));
        assert!(!request_faults(path, &method, &Value::Object(misspelt)).is_empty(), "{}", exchange.operation);
    }
}

#[tokio::test]
async fn webhooks_are_shown_without_their_secrets() {
    // No server listens there: a port of one digit needs the rights of root.
    let hook = "webhooks: [{name: chat, url: 'http://127.0.0.1:1/secret', timeout: 100ms}]";
    let webhooks = serde_saphyr::from_str::<Config>(hook).expect("it is a configuration").webhooks;
    let api = Api::unlisted(Config { webhooks, ..config() }).await;
    let listed = api.get("/v1/webhooks").await.json();
    assert_eq!(listed["items"][0]["origin"], "http://127.0.0.1:1");
    let test = api.call(Method::POST, "/v1/webhooks/chat/test", &[], "").await.json();
    assert_eq!(test["delivered"], false);
}

/// With a stage that mirrors, on a real engine: what is compared has to be there.
#[tokio::test]
async fn a_canary_with_a_comparison_is_as_described() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
    let api = super::examples::api(&sandbox).await;
    let canary = r#"{"alias": "articles", "collection": "articles_v2", "shadow": {"duration": "30m"}}"#;
    let made = api.call(Method::POST, "/v1/canaries", &[], canary).await;
    check_schema("Canary", &made.json());
    let path = made.header(header::LOCATION).to_owned();
    assert_eq!(api.get(&path).await.json()["id"], made.json()["id"]);
    assert_eq!(api.get(&format!("{path}/comparison")).await.problem(), "unknown-id");
}
