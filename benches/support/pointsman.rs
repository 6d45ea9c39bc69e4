//! The binary under test, as benches start it.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use pointsman_sandbox::Sandbox;
use serde_json::Value;

pub(crate) async fn send(request: reqwest::RequestBuilder, body: &Value) -> io::Result<Value> {
    let answer = request.json(body).send().await.map_err(io::Error::other)?.error_for_status().map_err(io::Error::other)?;
    answer.json().await.map_err(io::Error::other)
}

/// The binary under test, ended when dropped.
pub(crate) struct Pointsman {
    child: Child,
    pub(crate) rest: String,
    pub(crate) admin: String,
}

impl Pointsman {
    /// In front of `sandbox`, with these settings in the environment.
    pub(crate) fn start(sandbox: &Sandbox, settings: &[(&str, &str)]) -> io::Result<Self> {
        let grpc = sandbox.grpc_url().ok_or_else(|| io::Error::other("the sandbox speaks gRPC by default"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(["serve", "--qdrant-url", &sandbox.rest_url(), "--qdrant-grpc-url", &grpc, "--store-url", "memory:"]);
        command.env("POINTSMAN__LOG__FORMAT", "json").envs(settings.iter().copied());
        command.args(["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("it is piped"))?;
        let mut started = Self { child, rest: String::new(), admin: String::new() };
        let mut lines = BufReader::new(stderr).lines();
        while started.rest.is_empty() || started.admin.is_empty() {
            let line = lines.next().ok_or_else(|| io::Error::other("it ended before it listened"))??;
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if let (Some(rest), Some(admin)) = (entry["rest"].as_str(), entry["admin"].as_str()) {
                (started.rest, started.admin) = (format!("http://{rest}"), format!("http://{admin}"));
            }
        }
        // Whoever is not read from blocks one day.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(started)
    }

    /// Seconds of processor time so far.
    pub(crate) fn cpu(&self) -> io::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        Ok((ticks(11) + ticks(12)) / 100.0)
    }
}

impl Drop for Pointsman {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}
