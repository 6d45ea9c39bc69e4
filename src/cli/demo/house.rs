//! What the demo runs on: a Qdrant or the sandbox in its place, both versions of the collection, and Pointsman in front.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;

use super::DemoArgs;
use super::collections::{self, NEW};
use super::corpus::Article;
use super::error::DemoError;
use super::http::Api;
use super::processes::{self, Process};

/// Everything that was started. Processes end when it is dropped, before the directory with their logs goes.
#[derive(Debug)]
pub(super) struct House {
    processes: Vec<Process>,
    _directory: TempDir,
    qdrant: Api,
    /// Where the upstream was lent to the demo and must be handed back as it was.
    borrowed: bool,
    pub(super) admin: Api,
    pub(super) rest: SocketAddr,
    pub(super) grpc: SocketAddr,
    /// How long it took until the first request could be served.
    pub(super) took: Duration,
}

/// Where the upstream listens.
struct Upstream {
    rest: String,
    grpc: String,
}

impl House {
    pub(super) async fn open(args: &DemoArgs, client: &Client, articles: &[Article]) -> Result<Self, DemoError> {
        let began = Instant::now();
        let directory = tempfile::tempdir().map_err(DemoError::io("creating a temporary directory"))?;
        let [rest, grpc, admin, sandbox_rest, sandbox_grpc] = processes::free_addresses()?;
        let mut processes = Vec::new();
        let upstream = match (&args.qdrant_url, &args.qdrant_grpc_url) {
            (Some(rest), Some(grpc)) => Upstream { rest: rest.clone(), grpc: grpc.clone() },
            _ => {
                processes.push(sandbox(args, client, sandbox_rest, sandbox_grpc, &directory).await?);
                Upstream { rest: format!("http://{sandbox_rest}"), grpc: format!("http://{sandbox_grpc}") }
            }
        };
        let qdrant = Api::new(client.clone(), &upstream.rest);
        let borrowed = args.qdrant_url.is_some();
        collections::prepare(&qdrant, articles).await?;
        let admin_api = Api::new(client.clone(), &format!("http://{admin}"));
        let pointsman = pointsman(&upstream, [rest, grpc, admin], &admin_api, &directory).await;
        let mut house = Self { processes, _directory: directory, qdrant, borrowed, admin: admin_api, rest, grpc, took: began.elapsed() };
        match pointsman {
            Ok(process) => house.processes.push(process),
            Err(error) => {
                house.close().await?;
                return Err(error);
            }
        }
        Ok(house)
    }

    /// Whether the upstream can be told to fail.
    pub(super) fn can_fail(&self) -> bool {
        !self.borrowed
    }

    /// From now on this share of the new version's answers are errors.
    pub(super) async fn fall_ill(&self, share: f64) -> Result<(), DemoError> {
        self.qdrant.put(&format!("/sandbox/faults/{NEW}"), &json!({ "error_rate": share, "error_status": 500 })).await?;
        Ok(())
    }

    pub(super) async fn heal(&self) -> Result<(), DemoError> {
        self.qdrant.delete(&format!("/sandbox/faults/{NEW}")).await?;
        Ok(())
    }

    pub(super) fn upstream_url(&self) -> &str {
        self.qdrant.base()
    }

    /// Leaves a borrowed Qdrant as it was found. The rest goes with the house.
    pub(super) async fn close(self) -> Result<(), DemoError> {
        if self.borrowed { collections::remove(&self.qdrant).await } else { Ok(()) }
    }
}

async fn sandbox(args: &DemoArgs, client: &Client, rest: SocketAddr, grpc: SocketAddr, directory: &TempDir) -> Result<Process, DemoError> {
    let program = processes::find_sandbox(args.sandbox.as_deref())?;
    let arguments = ["--rest-addr".to_owned(), rest.to_string(), "--grpc-addr".to_owned(), grpc.to_string()];
    let mut process = Process::start("sandbox", &program, arguments, directory.path())?;
    process.ready(&Api::new(client.clone(), &format!("http://{rest}")), "/readyz").await?;
    Ok(process)
}

async fn pointsman(
    upstream: &Upstream,
    [rest, grpc, admin]: [SocketAddr; 3],
    admin_api: &Api,
    directory: &TempDir,
) -> Result<Process, DemoError> {
    let config = json!({
        "listen": { "rest": rest.to_string(), "grpc": grpc.to_string(), "admin": admin.to_string() },
        "upstreams": { "default": { "rest_url": upstream.rest, "grpc_url": upstream.grpc } },
        "log": { "level": "info" },
    });
    let path = directory.path().join("pointsman.yaml");
    // JSON is YAML.
    fs::write(&path, format!("{config:#}\n")).map_err(DemoError::io(format!("writing {}", path.display())))?;
    let program = processes::own_executable()?;
    let mut process = Process::start("pointsman", &program, ["serve".as_ref(), "--config".as_ref(), path.as_os_str()], directory.path())?;
    process.ready(admin_api, "/readyz").await?;
    Ok(process)
}
