//! What the demo runs on: the sandbox in Qdrant's place, three versions of a collection, and Pointsman in front.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;

use crate::args::DemoArgs;
use crate::collections::{self, Version};
use crate::corpus::Article;
use crate::error::DemoError;
use crate::http::Api;
use crate::processes::{self, Process};

/// Everything that was started. The processes end before the directory with their logs goes.
#[derive(Debug)]
pub(crate) struct House {
    sandbox: Process,
    pointsman: Process,
    program: PathBuf,
    pub(crate) qdrant: Api,
    pub(crate) admin: Api,
    pub(crate) rest: SocketAddr,
    pub(crate) grpc: SocketAddr,
    _directory: TempDir,
}

impl House {
    pub(crate) async fn start(args: &DemoArgs, client: &Client, articles: &[Article]) -> Result<Self, DemoError> {
        let sandbox = processes::find("pointsman-sandbox", "--sandbox", args.sandbox.as_deref())?;
        let program = processes::find("pointsman", "--pointsman", args.pointsman.as_deref())?;
        let directory = tempfile::tempdir().map_err(DemoError::io("creating a temporary directory"))?;
        let [rest, grpc, admin, qdrant_rest, qdrant_grpc] = processes::free_addresses()?;

        let qdrant = Api::new(client.clone(), &format!("http://{qdrant_rest}"));
        let arguments = ["--rest-addr".to_owned(), qdrant_rest.to_string(), "--grpc-addr".to_owned(), qdrant_grpc.to_string()];
        let mut sandbox = Process::start("sandbox", &sandbox, arguments, directory.path())?;
        sandbox.ready(&qdrant, "/readyz").await?;
        collections::prepare(&qdrant, articles).await?;

        let config = json!({
            "listen": { "rest": rest.to_string(), "grpc": grpc.to_string(), "admin": admin.to_string() },
            "upstreams": { "default": { "rest_url": qdrant.base(), "grpc_url": format!("http://{qdrant_grpc}") } },
        });
        let path = directory.path().join("pointsman.yaml");
        // JSON is YAML.
        fs::write(&path, format!("{config:#}\n")).map_err(DemoError::io(format!("writing {}", path.display())))?;
        let admin = Api::new(client.clone(), &format!("http://{admin}"));
        let arguments = ["serve".as_ref(), "--config".as_ref(), path.as_os_str()];
        let mut pointsman = Process::start("pointsman", &program, arguments, directory.path())?;
        pointsman.ready(&admin, "/readyz").await?;
        Ok(Self { sandbox, pointsman, program, qdrant, admin, rest, grpc, _directory: directory })
    }

    /// Both children and where they listen, one a line.
    pub(crate) fn addresses(&self) -> [String; 2] {
        let number = |process: &Process| process.id().map_or_else(|| "ended".to_owned(), |id| format!("process {id}"));
        [
            format!("sandbox    REST {}   {}", self.qdrant.base(), number(&self.sandbox)),
            format!(
                "Pointsman  REST http://{}   gRPC http://{}   admin {}   {}",
                self.rest,
                self.grpc,
                self.admin.base(),
                number(&self.pointsman)
            ),
        ]
    }

    /// The executable of the Pointsman that runs here.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// From now on this share of the version's answers are errors.
    pub(crate) async fn break_down(&self, version: Version, share: f64) -> Result<(), DemoError> {
        let path = format!("/sandbox/faults/{}", version.collection());
        self.qdrant.put(&path, &json!({ "errors": [{ "status": 500, "share": share }] })).await?;
        Ok(())
    }

    pub(crate) async fn close(self) -> Result<(), DemoError> {
        let ended = self.pointsman.end().await;
        self.sandbox.end().await.and(ended)
    }
}
