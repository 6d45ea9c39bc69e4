//! The examples of the document are what this test sends, in this order, to an API in front of a real engine.
//!
//! `make schemas` writes the answers it gets into `src/admin/api/examples.json`.

use std::collections::HashMap;

use axum::http::{Method, header};
use pointsman_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use super::client::{Answer, Api};
use super::conformance::{operations, request_faults};
use crate::admin::api::{Exchange, exchanges};
use crate::config::Config;
use crate::control::testing::{config, list, listing};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin/api/examples.json");
/// Each has a collection `…_v1` that its alias points at, and a second one.
const ALIASES: [&str; 5] = ["docs", "articles", "products", "catalog", "images"];

/// An API in front of `sandbox`, with the aliases that the examples speak of.
pub(super) async fn api(sandbox: &Sandbox) -> Api {
    let rest = format!("http://{}", sandbox.rest_addr);
    let mut aliases = Vec::new();
    for alias in ALIASES {
        for version in ["v1", "v2"] {
            let collection = format!("{rest}/collections/{alias}_{version}");
            send(Method::PUT, &collection, &json!({"vectors": {"size": 2, "distance": "Dot"}})).await;
            send(Method::PUT, &format!("{collection}/points?wait=true"), &json!({"points": [{"id": 1, "vector": [1, 1]}]})).await;
        }
        aliases.push((alias.to_owned(), format!("{alias}_v1")));
    }
    send(Method::PUT, &format!("{rest}/collections/archive"), &json!({"vectors": {"size": 2, "distance": "Dot"}})).await;
    let create = |(alias, collection): &(String, String)| json!({"create_alias": {"alias_name": alias, "collection_name": collection}});
    let actions: Vec<Value> = aliases.iter().map(create).collect();
    send(Method::POST, &format!("{rest}/collections/aliases"), &json!({"actions": actions})).await;

    let hook = "webhooks: [{name: chat, url: 'http://127.0.0.1:1/', timeout: 100ms}]";
    let webhooks = serde_saphyr::from_str::<Config>(hook).expect("it is a configuration").webhooks;
    let mut config = Config { webhooks, ..config() };
    let upstream = config.upstreams.get_mut("default").expect("it is there");
    upstream.rest_url = rest.parse().expect("an address makes a URL");
    upstream.grpc_url = format!("http://{}", sandbox.grpc_addr.expect("it listens for gRPC")).parse().expect("a URL");
    let api = Api::unlisted(config).await;
    let collections: Vec<String> = ALIASES.iter().flat_map(|alias| [format!("{alias}_v1"), format!("{alias}_v2")]).collect();
    let collections: Vec<&str> = collections.iter().map(String::as_str).chain(["archive"]).collect();
    let aliases: Vec<(&str, &str)> = aliases.iter().map(|(alias, collection)| (alias.as_str(), collection.as_str())).collect();
    list(&api.control, listing(&aliases, &collections)).await;
    api
}

async fn send(method: Method, url: &str, body: &Value) {
    let asked = reqwest::Client::new().request(method, url).body(body.to_string()).header(header::CONTENT_TYPE, "application/json");
    let answer = asked.send().await.expect("the sandbox answers");
    assert!(answer.status().is_success(), "{url}: {:?}", answer.text().await);
}

#[tokio::test]
async fn every_example_is_answered_as_the_document_shows() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
    let api = api(&sandbox).await;
    let update = std::env::var_os("UPDATE").is_some();
    let (mut answered, mut recorded, mut failed) = (HashMap::new(), Vec::new(), Vec::new());
    for exchange in exchanges() {
        if let Some(Value::Object(request)) = &exchange.request {
            let mut misspelt = request.clone();
            misspelt.insert("colour".to_owned(), json!("red"));
            let refused = ask(&api, exchange, Some(&Value::Object(misspelt)), &answered).await;
            assert_eq!(refused.problem(), "invalid", "{}", exchange.operation);
        }
        let request = exchange.request.as_ref().map(|request| resolved(request, &answered));
        let answer = ask(&api, exchange, request.as_ref(), &answered).await;
        let status = answer.status.as_u16();
        let body = answer.header(header::CONTENT_TYPE).starts_with("application/json").then(|| answer.json());
        if status != exchange.status {
            failed.push(format!("{}: {status} {body:?}", exchange.operation));
        }
        let body = body.filter(|_| exchange.operation != "openapi");
        assert_eq!(
            exchange.response.is_some() || update,
            body.is_some() || update,
            "{}: `make schemas` records the answers",
            exchange.operation
        );
        if let Some(body) = &body {
            answered.entry(exchange.operation.clone()).or_insert_with(|| body.clone());
        }
        recorded.push(Exchange { response: body, ..exchange.clone() });
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    if update {
        let recorded = serde_json::to_value(&recorded).expect("exchanges are JSON");
        std::fs::write(RECORDED, format!("{recorded:#}\n")).expect("the checkout can be written");
    }
}

async fn ask(api: &Api, exchange: &Exchange, body: Option<&Value>, answered: &HashMap<String, Value>) -> Answer {
    let operation = operations().find(|(_, _, operation)| operation["operationId"] == exchange.operation.as_str());
    let (template, method, operation) = operation.unwrap_or_else(|| panic!("there is no operation {}", exchange.operation));
    let (mut path, mut query, mut headers) = (template.to_owned(), Vec::new(), Vec::new());
    for (name, value) in &exchange.parameters {
        let known = operation["parameters"].as_array().into_iter().flatten().find(|known| known["name"] == name.as_str());
        let known = known.unwrap_or_else(|| panic!("{} has no parameter {name}", exchange.operation));
        let value = match resolved(value, answered) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match known["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &value),
            Some("query") => query.push(format!("{name}={value}")),
            _ => headers.push((name.as_str(), value)),
        }
    }
    if let Some(body) = body {
        let known = exchange.request.as_ref().is_some_and(|request| resolved(request, answered) == *body);
        let faults = request_faults(template, &method, body);
        assert_eq!(faults.is_empty(), known, "{}: {faults:?}", exchange.operation);
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let uri = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let body = body.map(ToString::to_string).unwrap_or_default();
    api.call(method, &uri, &headers, &body).await
}

/// With what this run was answered in the place of `$operation.field`; `$operation` alone stands for the id.
fn resolved(value: &Value, answered: &HashMap<String, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(reference) => {
                let (operation, field) = reference.split_once('.').unwrap_or((reference, "id"));
                answered.get(operation).map_or(Value::Null, |answer| answer[field].clone())
            }
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| resolved(item, answered)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), resolved(field, answered))).collect(),
        other => other.clone(),
    }
}
