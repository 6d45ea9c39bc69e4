//! `config/schema.json`, which editors check configuration files with, is made from the types.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::config::Config;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/schema.json");

fn schema() -> Value {
    let schema = SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<Config>();
    let mut schema = schema.to_value();
    schema["title"] = "Configuration of Pointsman".into();
    // YAML writes a section of which nothing is said as null, which stands for its defaults.
    for (_, section) in schema["properties"].as_object_mut().into_iter().flatten() {
        let described = section.clone();
        *section = json!({"anyOf": [described, {"type": "null"}]});
    }
    schema
}

fn faults(yaml: &str) -> Vec<String> {
    let value: Value = serde_saphyr::from_str(yaml).expect("it is YAML");
    let validator = jsonschema::validator_for(&schema()).expect("it is a schema");
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let made = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(COMMITTED, &made).expect("the checkout can be written");
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == made, "config/schema.json is stale; `make schemas` renews it");
}

#[test]
fn the_shipped_file_fits_the_schema() {
    let shipped = include_str!("../../../config/pointsman.yaml");
    assert!(shipped.starts_with("# yaml-language-server: $schema=schema.json\n"), "editors do not find the schema");
    assert_eq!(faults(shipped), Vec::<String>::new());
}

#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    for yaml in [
        "listn: {}",
        "listen: {tls_: {}}",
        "timeouts: {connect: 2}",
        "timeouts: {connect: 2 s}",
        "limits: {held_bytes: 256MB}",
        "upstreams: {default: {rest_url: 'ftp://qdrant'}}",
        "identity: {carriers: [{headre: x-user-id}]}",
        "routes: {docs: {variants: [{name: stable, weight: 1, colour: red}]}}",
        "freeze: [{name: night, kind: weekly, days: [monday], from: '22:00', until: '24:01'}]",
        "webhooks: [{name: chat}]",
        "log: {format: xml}",
    ] {
        assert!(!faults(yaml).is_empty(), "the schema takes {yaml}");
        assert!(!super::faults(yaml).is_empty(), "the loader takes {yaml}");
    }
    for yaml in [
        "upstreams: {default: {grpc_url: 'http://qdrant:6334'}}",
        "freeze: [{name: night, kind: weekly, days: [mon, tue], from: '22:00', until: '06:00'}]",
        "webhooks: [{name: chat, url: 'https://hooks.example/x', events: ['canary.*'], headers: {authorization: secret}}]",
        "identity: {carriers: [{cookie: uid}, {jwt_claim: sub}]}",
        "listen:\nroutes:\n",
    ] {
        assert_eq!(faults(yaml), Vec::<String>::new(), "{yaml}");
    }
}
