//! A sandbox with a client that reads Qdrant's envelope.

use pointsman_sandbox::{Sandbox, SandboxOptions};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

pub(crate) struct Server {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(SandboxOptions::default()).await
    }

    pub(crate) async fn start_with(options: SandboxOptions) -> Self {
        let options = SandboxOptions { grpc_addr: None, ..options };
        Self {
            sandbox: Sandbox::start(options).await.expect("the sandbox starts"),
            // What was packed is looked at as it came.
            client: Client::builder().no_gzip().build().expect("a client"),
        }
    }

    /// A server whose collection `docs` has ten points: vector (1, i/10), fields `n` = i and `group` = even or odd.
    pub(crate) async fn with_points() -> Self {
        let server = Self::start().await;
        server.create("docs").await;
        let points: Vec<Value> = (1..=10).map(point).collect();
        let path = "/collections/docs/points?wait=true";
        server.ok("PUT", path, json!({"points": points})).await;
        server
    }

    pub(crate) async fn create(&self, name: &str) {
        let body = json!({"vectors": {"size": 2, "distance": "Dot"}});
        self.ok("PUT", &format!("/collections/{name}"), body).await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.rest_url())
    }

    /// Status and body of any call; an empty body is null.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, self.url(path));
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        (status, value)
    }

    /// The result of a call that must succeed.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, mut answer) = self.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
        assert_eq!(answer["status"], "ok", "{method} {path}");
        assert!(answer["time"].is_f64(), "{method} {path}: {answer}");
        answer["result"].take()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null).await
    }

    /// Status and text of a call that must fail.
    pub(crate) async fn fails(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call(method, path, body).await;
        assert!(!status.is_success(), "{method} {path} succeeded: {answer}");
        assert!(answer.get("result").is_none(), "{answer}");
        let text = answer["status"]["error"].as_str().unwrap_or_default();
        (status.as_u16(), text.to_owned())
    }
}

fn point(number: u32) -> Value {
    let group = if number.is_multiple_of(2) { "even" } else { "odd" };
    json!({
        "id": number,
        "vector": [1.0, f64::from(number) / 10.0],
        "payload": {"n": number, "group": group},
    })
}

/// The ids in a list of points.
pub(crate) fn ids(points: &Value) -> Vec<u64> {
    let points = points.as_array().expect("a list of points");
    points.iter().filter_map(|point| point["id"].as_u64()).collect()
}
