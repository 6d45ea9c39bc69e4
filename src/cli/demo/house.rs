//! What the demo runs on: a Qdrant or the sandbox in its place, both versions of the collection, and Pointsman in front.

use std::fs;
use std::net::SocketAddr;

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
    directory: TempDir,
    qdrant: Api,
    qdrant_grpc: String,
    /// The upstream was lent to the demo and must be handed back as it was found.
    borrowed: bool,
    /// The upstream is a sandbox, which can be told to fail.
    can_fail: bool,
    pub(super) admin: Api,
    pub(super) rest: SocketAddr,
    pub(super) grpc: SocketAddr,
    admin_address: SocketAddr,
}

impl House {
    /// An upstream with room for what the demo brings; nothing has been changed in it yet.
    pub(super) async fn find(args: &DemoArgs, client: &Client) -> Result<Self, DemoError> {
        let directory = tempfile::tempdir().map_err(DemoError::io("creating a temporary directory"))?;
        let [rest, grpc, admin_address, own_rest, own_grpc] = processes::free_addresses()?;
        let mut processes = Vec::new();
        let (qdrant, qdrant_grpc, borrowed) = match (&args.qdrant_url, &args.qdrant_grpc_url) {
            (Some(rest), Some(grpc)) => (Api::new(client.clone(), rest), grpc.clone(), true),
            _ => {
                let api = Api::new(client.clone(), &format!("http://{own_rest}"));
                processes.push(sandbox(args, &api, [own_rest, own_grpc], &directory).await?);
                (api, format!("http://{own_grpc}"), false)
            }
        };
        collections::refuse_if_occupied(&qdrant).await?;
        let can_fail = qdrant.get("/").await?.body["title"].as_str().is_some_and(|title| title.contains("sandbox"));
        let admin = Api::new(client.clone(), &format!("http://{admin_address}"));
        Ok(Self { processes, directory, qdrant, qdrant_grpc, borrowed, can_fail, admin, rest, grpc, admin_address })
    }

    /// Puts both versions of the collection into the upstream and Pointsman in front of it.
    pub(super) async fn furnish(&mut self, articles: &[Article]) -> Result<(), DemoError> {
        collections::prepare(&self.qdrant, articles).await?;
        let config = json!({
            "listen": {
                "rest": self.rest.to_string(), "grpc": self.grpc.to_string(), "admin": self.admin_address.to_string(),
            },
            "upstreams": { "default": { "rest_url": self.qdrant.base(), "grpc_url": self.qdrant_grpc } },
            "log": { "level": "info" },
        });
        let path = self.directory.path().join("pointsman.yaml");
        // JSON is YAML.
        fs::write(&path, format!("{config:#}\n")).map_err(DemoError::io(format!("writing {}", path.display())))?;
        let arguments = ["serve".as_ref(), "--config".as_ref(), path.as_os_str()];
        let mut process = Process::start("pointsman", &processes::own_executable()?, arguments, self.directory.path())?;
        process.ready(&self.admin, "/readyz").await?;
        self.processes.push(process);
        Ok(())
    }

    pub(super) fn can_fail(&self) -> bool {
        self.can_fail
    }

    /// From now on this share of the new version's answers are errors.
    pub(super) async fn fall_ill(&self, share: f64) -> Result<(), DemoError> {
        self.qdrant.put(&format!("/sandbox/faults/{NEW}"), &json!({ "errors": [{ "status": 500, "share": share }] })).await?;
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
        if !self.borrowed {
            return Ok(());
        }
        // The play may have been interrupted while the new version was ill.
        if self.can_fail {
            self.heal().await?;
        }
        collections::remove(&self.qdrant).await
    }
}

async fn sandbox(args: &DemoArgs, api: &Api, [rest, grpc]: [SocketAddr; 2], directory: &TempDir) -> Result<Process, DemoError> {
    let program = processes::find_sandbox(args.sandbox.as_deref())?;
    let arguments = ["--rest-addr".to_owned(), rest.to_string(), "--grpc-addr".to_owned(), grpc.to_string()];
    let mut process = Process::start("sandbox", &program, arguments, directory.path())?;
    process.ready(api, "/readyz").await?;
    Ok(process)
}
