//! A sandbox with the client under test and a plain one to set things up with.

use std::sync::Arc;
use std::time::Duration;

use pointsman::qdrant::{Access, Backoff, Client, RestUntil};
use pointsman::upstream::{Endpoint, Speaks};
use pointsman_sandbox::faults::Fault;
use pointsman_sandbox::{Sandbox, SandboxOptions};
use reqwest::Method;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};

/// Longer than anything takes on a busy machine; only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    http: reqwest::Client,
}

impl House {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
        let grpc = sandbox.grpc_url().expect("the default options listen for gRPC");
        let client = client(&sandbox.rest_url(), &grpc, PATIENCE);
        Self { sandbox, client, http: reqwest::Client::new() }
    }

    /// A client that soon gives up.
    pub(crate) fn impatient(&self) -> Client {
        client(&self.sandbox.rest_url(), &self.sandbox.grpc_url().expect("gRPC"), Duration::from_millis(200))
    }

    /// A request that must succeed, with its result.
    pub(crate) async fn ok(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.http.request(method, format!("{}{path}", self.sandbox.rest_url())).json(&body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str::<Value>(&text).expect("JSON")["result"].take()
    }

    pub(crate) async fn create(&self, name: &str, definition: Value) {
        self.ok(Method::PUT, &format!("/collections/{name}"), definition).await;
    }

    pub(crate) async fn upsert(&self, name: &str, points: &[Value]) {
        self.ok(Method::PUT, &format!("/collections/{name}/points?wait=true"), json!({"points": points})).await;
    }

    pub(crate) async fn alias(&self, alias: &str, collection: &str) {
        let action = json!({"actions": [{"create_alias": {"alias_name": alias, "collection_name": collection}}]});
        self.ok(Method::POST, "/collections/aliases", action).await;
    }

    /// Two small collections and an alias on the first.
    pub(crate) async fn with_alias() -> Self {
        let house = Self::start().await;
        for name in ["docs_v1", "docs_v2"] {
            house.create(name, json!({"vectors": {"size": 2, "distance": "Dot"}})).await;
        }
        house.alias("docs", "docs_v1").await;
        house
    }

    pub(crate) fn fault(&self, name: &str, fault: Value) {
        let fault: Fault = serde_json::from_value(fault).expect("a fault");
        self.sandbox.faults.set(name, fault).expect("a fault that makes sense");
    }
}

pub(crate) fn client(rest: &str, grpc: &str, timeout: Duration) -> Client {
    Client::new(access(rest, grpc, timeout, RootCertStore::empty()))
}

/// How to reach an upstream whose certificate `roots` vouch for, without a key.
pub(crate) fn access(rest: &str, grpc: &str, timeout: Duration, roots: RootCertStore) -> Access {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("the provider's own versions");
    let tls = Arc::new(tls.with_root_certificates(roots).with_no_client_auth());
    let endpoint = |url: &str, speaks| Endpoint::parse(url, 80, &tls, speaks).expect("an address");
    let (rest, grpc) = (endpoint(rest, Speaks::Http1), endpoint(grpc, Speaks::Http2));
    let rest_until = RestUntil::default();
    Access { name: "default".to_owned(), rest, grpc, api_key: None, connect_timeout: timeout, timeout, rest_until }
}

/// Tries again at once, as often as any test needs.
pub(crate) fn hasty() -> Backoff {
    Backoff { attempts: 40, first: Duration::from_millis(1), longest: Duration::from_millis(5) }
}
