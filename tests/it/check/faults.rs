use std::path::Path;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{command, folder, run};
use crate::house::PATIENCE;

/// Where nothing else listens, should a faulty configuration be served all the same.
const FREE_PORTS: [&str; 4] = ["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0"];

/// Writes `NAME.pem` and `NAME.key`.
fn certificate(folder: &Path, name: &str, until: (i32, u8, u8)) {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
    (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(until.0, until.1, until.2));
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("signed");
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).expect("written");
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).expect("written");
}

/// A faulty configuration, and how the line of each of its faults begins.
const FAULTY: &[(&str, &[&str])] = &[
    ("listen: {tls: {cert_file: none.pem, key_file: own.key}}", &["listen.tls.cert_file: none.pem cannot be read as PEM: "]),
    ("listen: {tls: {cert_file: own.pem, key_file: none.key}}", &["listen.tls.key_file: none.key cannot be read as PEM: "]),
    ("listen: {tls: {cert_file: own.key, key_file: own.key}}", &["listen.tls.cert_file: own.key holds no certificate; "]),
    (
        "listen: {tls: {cert_file: own.pem, key_file: other.key}}",
        &["listen.tls.key_file: other.key is not the key of the first certificate in own.pem: "],
    ),
    (
        "upstreams: {default: {rest_url: 'https://q', ca_file: none.pem}}",
        &["upstreams.default.ca_file: none.pem cannot be read: No such file"],
    ),
    ("upstreams: {default: {rest_url: 'https://q', ca_file: own.key}}", &["upstreams.default.ca_file: holds no certificate"]),
    (
        "webhooks: [{name: a, url: 'http://h', secret_env: POINTSMAN_TEST_UNSET}]",
        &["webhooks[0].secret_env: the environment variable POINTSMAN_TEST_UNSET is not set: "],
    ),
    (
        "webhooks: [{name: a, url: 'http://h', events: [canary.roled_back]}]",
        &[
            "webhooks[0].events[0]: `canary.roled_back` is not a kind of event such as canary.rolled_back, canary.* or *; did you mean `canary.rolled_back`?",
        ],
    ),
    (
        "webhooks: [{name: a, url: 'http://h', events: ['canaries.*']}]",
        &["webhooks[0].events[0]: `canaries.*` is not a kind of event such as canary.rolled_back, canary.* or *; did you mean `canary.*`?"],
    ),
    ("listen: {admin: '0.0.0.0:0'}", &["listen.admin: 0.0.0.0:0 is open to other machines, "]),
    ("admin: {feedback_token: t}", &["admin.feedback_token: needs `admin.token`"]),
    (
        "routes: {docs: {variants: [{name: stable, weight: 1}, {name: b, weight: 1, collection: c, upstream: us}]}}",
        &["routes.docs.variants[1].upstream: `us` is not configured"],
    ),
    (
        "workers: 9999\nlisten: {tls: {cert_file: none.pem, key_file: none.key}}\n\
         upstreams: {default: {rest_url: 'https://q', ca_file: none.pem}}\n\
         webhooks: [{name: a, url: 'http://h', secret_env: POINTSMAN_TEST_UNSET}]\ntimeouts: {conect: 1s}",
        &[
            "timeouts.conect: is not a known key; did you mean `connect`?",
            "workers: must be between",
            "listen.tls.cert_file: ",
            "listen.tls.key_file: ",
            "upstreams.default.ca_file: ",
            "webhooks[0].secret_env: ",
        ],
    ),
];

#[tokio::test]
async fn check_and_serve_refuse_the_same_and_name_every_fault_with_its_place() {
    for (yaml, expected) in FAULTY {
        let folder = folder(yaml);
        certificate(folder.path(), "own", (2100, 1, 1));
        certificate(folder.path(), "other", (2100, 1, 1));
        let checked = run(folder.path(), &["check", "--config", "p.yaml"]).await;
        let served = run(folder.path(), &[&["serve", "--config", "p.yaml", "--store-url", "memory:"][..], &FREE_PORTS[..]].concat()).await;
        assert_eq!((checked.code, checked.out.as_str()), (Some(1), ""), "{yaml}: {checked:?}");
        assert_eq!((served.code, &served.err), (Some(1), &checked.err), "{yaml}");
        let lines: Vec<&str> = checked.err.lines().collect();
        assert_eq!(lines.len(), expected.len() + 1, "{yaml}: {lines:#?}");
        for fault in *expected {
            let found = lines.iter().any(|line| line.starts_with(fault) && line.contains("(at p.yaml:"));
            assert!(found, "{yaml}: no `{fault}` with its place in {lines:#?}");
        }
    }
}

#[tokio::test]
async fn check_warns_of_what_serve_warns_of() {
    let folder = folder("log: {format: json}\nlisten: {tls: {cert_file: old.pem, key_file: old.key}}");
    certificate(folder.path(), "old", (2020, 1, 1));
    let checked = run(folder.path(), &["check", "--config", "p.yaml"]).await;
    assert_eq!((checked.code, checked.out.trim()), (Some(0), "the configuration is valid"), "{checked:?}");
    let warnings: Vec<&str> = checked.err.lines().filter_map(|line| line.strip_prefix("warning: ")).collect();
    let expired = warnings.iter().find(|warning| warning.starts_with("`listen.tls.cert_file`: a certificate in old.pem expired "));
    assert!(expired.is_some_and(|warning| warning.ends_with("put a renewed one into the file")), "{warnings:#?}");

    let store = ["serve", "--config", "p.yaml", "--store-url", "memory:", "--admin-addr", "127.0.0.1:0"];
    let mut command = command(folder.path(), &[&store[..], &FREE_PORTS[..]].concat());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut logged = Vec::new();
    let serving = async {
        while let Some(line) = lines.next_line().await.expect("its log can be read") {
            let entry: Value = serde_json::from_str(&line).expect("a line of JSON");
            logged.push(entry["message"].as_str().unwrap_or_default().to_owned());
            if entry["message"] == "serving" {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, serving).await.expect("it serves in time");
    for warning in warnings {
        assert!(logged.iter().any(|line| line == warning), "serve does not warn: {warning}\n{logged:#?}");
    }
    child.kill().await.expect("it runs");
}

/// Each place where a configuration can hold a secret, all of them with `hush` in them.
const SECRETS: &str = "
upstreams: {default: {rest_url: 'http://127.0.0.1:1', grpc_url: 'http://127.0.0.1:1', api_key: hush}}
admin: {token: hush, feedback_token: hush-too}
prometheus: {url: 'http://127.0.0.1:1', token: hush}
embedder: {url: 'http://hush:hush@127.0.0.1:1/v1?key=hush&hush', model: m, key: hush}
store: {url: 'postgres://ann:hush@127.0.0.1:1/p?sslpassword=hush'}
webhooks: [{name: chat, url: 'http://127.0.0.1:1/hush?hush', headers: {authorization: hush}}]
";

#[tokio::test]
async fn no_secret_is_ever_shown() {
    let folder = folder(SECRETS);
    for arguments in [
        &["check", "--config", "p.yaml", "--print"][..],
        &["check", "--config", "p.yaml", "--print", "--output", "json"],
        &["check", "--config", "p.yaml", "--connect", "--timeout", "10s", "--output", "json"],
        &["check", "--config", "p.yaml", "--connect", "--timeout", "10s"],
    ] {
        let said = run(folder.path(), arguments).await;
        assert!(!said.out.is_empty() && !said.out.contains("hush") && !said.err.contains("hush"), "{arguments:?}: {said:#?}");
    }
    // A faulty value is not repeated where it may hold one.
    for yaml in [
        "upstreams: {default: {rest_url: 'http://ann:hush@q'}}",
        "prometheus: {url: 'http://ann:hush@p'}",
        "embedder: {url: 'htp://ann:hush@e?key=hush', model: m}",
        "webhooks: [{name: a, url: 'http://ann:hush@h'}]",
        "store: {url: 'mysql://ann:hush@db/p'}",
        "admin: {token: ' hush'}",
    ] {
        let folder = super::folder(yaml);
        let said = run(folder.path(), &["check", "--config", "p.yaml", "--print"]).await;
        assert!(said.code == Some(1) && !said.err.contains("hush"), "{yaml}: {said:#?}");
    }
}

#[tokio::test]
async fn faults_are_a_json_document_for_scripts() {
    let folder = folder("workers: many");
    let said = run(folder.path(), &["check", "--config", "p.yaml", "--output", "json"]).await;
    let document: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &document["ok"]), (Some(1), &Value::Bool(false)));
    let fault = &document["faults"][0];
    assert_eq!((&fault["key"], &fault["place"]), (&"workers".into(), &"at p.yaml:1:10".into()), "{document:#}");
}
