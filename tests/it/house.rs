//! What the tests live in: an upstream, Pointsman in front of it, and a client for each door.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use pointsman_sandbox::{Sandbox, SandboxOptions};
use qdrant_client::Qdrant;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than anything takes on a busy machine; only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The upstream's two doors, and the sandbox behind them where it is one.
pub(crate) struct Upstream {
    pub(crate) rest: String,
    pub(crate) grpc: String,
    pub(crate) sandbox: Option<Sandbox>,
    /// Whom Pointsman is to trust for it, where it speaks TLS.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Upstream {
    /// A real Qdrant if the environment names one.
    pub(crate) async fn any() -> Self {
        match (std::env::var("QDRANT_URL"), std::env::var("QDRANT_GRPC_URL")) {
            (Ok(rest), Ok(grpc)) => Self { rest, grpc, sandbox: None, ca_file: None },
            _ => Self::sandbox().await,
        }
    }

    pub(crate) async fn sandbox() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.expect("free ports");
        let grpc = sandbox.grpc_addr.expect("the default options listen for gRPC");
        let rest = format!("http://{}", sandbox.rest_addr);
        Self { rest, grpc: format!("http://{grpc}"), sandbox: Some(sandbox), ca_file: None }
    }

    pub(crate) fn engine(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("this test starts a sandbox")
    }
}

/// A running Pointsman.
pub(crate) struct Pointsman {
    pub(crate) rest: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) child: Child,
    pub(crate) http: reqwest::Client,
    config: tempfile::TempDir,
}

impl Pointsman {
    /// Starts the binary on free ports; `extra` is YAML: further upstreams if there are any, indented, and then further
    /// sections. Returns when it is ready.
    pub(crate) async fn start(upstream: &Upstream, extra: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(CONFIG);
        std::fs::write(&path, config(upstream, extra)).expect("the folder can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.arg("serve").arg("--config").arg(&path);
        // A test of the admin port's address says it in the file.
        if !extra.contains("listen: {admin:") {
            command.args(["--admin-addr", "127.0.0.1:0"]);
        }
        command.args(["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0"]).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary under test starts");
        let stderr = child.stderr.take().expect("it is piped");
        let [rest, grpc, admin] = tokio::time::timeout(PATIENCE, addresses(stderr)).await.expect("it says where it listens in time");
        let pointsman = Self { rest, grpc, admin, child, http: http(), config: folder };
        pointsman.ready().await;
        pointsman
    }

    /// Puts another configuration in the place of the one it was started with, at once, as editors do.
    pub(crate) fn configure(&self, upstream: &Upstream, extra: &str) {
        let (fresh, path) = (self.config.path().join("fresh.yaml"), self.config.path().join(CONFIG));
        std::fs::write(&fresh, config(upstream, extra)).expect("the folder can be written");
        std::fs::rename(fresh, path).expect("the folder can be written");
    }

    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([name, &pid]).status().await.expect("kill runs");
        assert!(sent.success());
    }

    /// Polls `/v1/status` until it is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let met = async {
            loop {
                last = self.status().await;
                if wanted(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let met = tokio::time::timeout(PATIENCE, met).await;
        assert!(met.is_ok(), "{what} never was: {last}");
        last
    }

    async fn ready(&self) {
        let ready = async {
            while !self.http.get(self.admin("/readyz")).send().await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("ready in time");
    }

    pub(crate) fn rest(&self, path: &str) -> String {
        format!("http://{}{path}", self.rest)
    }

    pub(crate) fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    pub(crate) fn admin(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }

    /// Splits `alias` between stable and `candidate`: every read that can be split, and searches without a user by chance.
    pub(crate) async fn split(&self, alias: &str, candidate: &str, stable: u32, share: u32) {
        let variants = json!([{"name": "stable", "weight": stable}, {"name": "candidate", "collection": candidate, "weight": share}]);
        let body = json!({"variants": variants, "anonymous": "random", "split": "all"});
        let url = self.admin(&format!("/v1/routes/{alias}"));
        let mut answer = self.http.put(&url).json(&body).send().await.expect("the admin API answers");
        if answer.status() == reqwest::StatusCode::PRECONDITION_REQUIRED {
            answer = self.http.put(&url).header("if-match", "*").json(&body).send().await.expect("the admin API answers");
        }
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
    }

    pub(crate) async fn status(&self) -> Value {
        get(&self.http, &self.admin("/v1/status")).await
    }

    /// The figures of one variant.
    pub(crate) async fn variant(&self, alias: &str, name: &str) -> Value {
        let status = self.status().await;
        let find = |list: &Value, key: &str, wanted: &str| list.as_array().into_iter().flatten().find(|item| item[key] == wanted).cloned();
        let route = find(&status["routes"], "alias", alias).expect("the route is listed");
        find(&route["variants"], "name", name).expect("the variant is listed")
    }

    /// How often something happened, over all workers.
    pub(crate) async fn events(&self, name: &str) -> u64 {
        let status = self.status().await;
        let workers = status["workers"].as_array().expect("workers");
        workers.iter().map(|worker| worker["events"][name].as_u64().expect("a number")).sum()
    }

    /// Waits until so many connections of clients have been accepted and closed again.
    pub(crate) async fn closed(&self, connections: u64) {
        let closed = async {
            loop {
                let status = self.status().await;
                let workers = status["workers"].as_array().expect("workers");
                let count = |worker: &Value| worker["events"]["client_connections_closed_total"].as_u64().expect("a number");
                if workers.iter().map(count).sum::<u64>() >= connections {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("the connections are closed");
    }

    /// Waits until no request is in flight any more, as every gauge says.
    pub(crate) async fn idle(&self) {
        let idle = async {
            loop {
                let metrics = self.http.get(self.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
                if gauges(&metrics).iter().all(|(_, value)| *value == 0.0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, idle).await.expect("every in-flight gauge comes back to zero");
    }
}

/// What a configuration file is called in its folder.
const CONFIG: &str = "pointsman.yaml";

fn config(upstream: &Upstream, extra: &str) -> String {
    let Upstream { rest, grpc, .. } = upstream;
    let trusted = upstream.ca_file.as_ref().map_or_else(String::new, |file| format!(", ca_file: {file:?}"));
    let store = if extra.contains("store:") { "" } else { "store: {url: \"memory:\"}\n" };
    format!(
        "workers: 2\n{store}log: {{format: json}}\n\
         upstreams:\n  default: {{rest_url: \"{rest}\", grpc_url: \"{grpc}\"{trusted}}}\n{extra}\n"
    )
}

/// An HTTP client that waits for a whole answer no longer than the tests are patient.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).build().expect("a client")
}

/// A gRPC client as patient as the tests are; its own limit of 5 s is not for busy machines.
pub(crate) fn client(pointsman: &Pointsman) -> Qdrant {
    let config = Qdrant::from_url(&pointsman.grpc_url()).timeout(PATIENCE).connect_timeout(PATIENCE);
    config.skip_compatibility_check().build().expect("a URL")
}

/// Requests under way, by `/v1/status`.
pub(crate) fn in_flight(status: &Value) -> u64 {
    let workers = status["workers"].as_array().expect("workers");
    workers.iter().map(|worker| worker["in_flight"].as_u64().expect("a number")).sum()
}

/// All in-flight gauges of a scrape.
pub(crate) fn gauges(metrics: &str) -> Vec<(String, f64)> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#') && line.contains("in_flight"));
    let gauges: Vec<_> =
        lines.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect();
    assert!(!gauges.is_empty(), "no in-flight gauge in\n{metrics}");
    gauges
}

/// Peak resident memory of a process in bytes.
pub(crate) fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Reads the log until the line that says where it listens; the rest is read and dropped in the background.
pub(crate) async fn addresses(stderr: tokio::process::ChildStderr) -> [SocketAddr; 3] {
    let mut lines = BufReader::new(stderr).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.expect("its log can be read") {
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["message"] == "serving" {
            let address = |key: &str| entry[key].as_str().and_then(|text| text.parse().ok()).expect("an address");
            let found = [address("rest"), address("grpc"), address("admin")];
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return found;
        }
        said.push(line);
    }
    panic!("it ended before it served:\n{}", said.join("\n"));
}

pub(crate) async fn get(http: &reqwest::Client, url: &str) -> Value {
    http.get(url).send().await.expect("an answer").json().await.expect("JSON")
}

/// Sends JSON and expects success.
pub(crate) async fn send(http: &reqwest::Client, method: reqwest::Method, url: &str, body: &Value) -> Value {
    let answer = http.request(method, url).json(body).send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("a text");
    assert!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// A collection of two-dimensional points whose payload says which collection they are from.
pub(crate) async fn collection(rest: &str, name: &str) {
    let http = http();
    send(&http, reqwest::Method::PUT, &format!("{rest}/collections/{name}"), &json!({"vectors": {"size": 2, "distance": "Dot"}})).await;
    let points: Vec<Value> = (1..=5).map(|id| json!({"id": id, "vector": [id, 1], "payload": {"from": name}})).collect();
    send(&http, reqwest::Method::PUT, &format!("{rest}/collections/{name}/points?wait=true"), &json!({"points": points})).await;
}

pub(crate) async fn alias(rest: &str, alias: &str, collection: &str) {
    let action = json!({"actions": [{"create_alias": {"alias_name": alias, "collection_name": collection}}]});
    send(&http(), reqwest::Method::POST, &format!("{rest}/collections/aliases"), &action).await;
}

/// A small query whose answer carries the payload.
pub(crate) fn query() -> Value {
    json!({"query": [1.0, 0.5], "limit": 1, "with_payload": true})
}

/// Which collection an answer is from.
pub(crate) fn origin(answer: &Value) -> String {
    answer["result"]["points"][0]["payload"]["from"].as_str().unwrap_or_else(|| panic!("no origin in {answer}")).to_owned()
}
