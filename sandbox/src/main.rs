//! The sandbox as a program: a stand-in for a Qdrant server on the usual ports.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use pointsman_sandbox::{QDRANT_VERSION, Sandbox, SandboxError, SandboxOptions};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A Qdrant-compatible server on the embedded engine, with faults on demand. For demos and tests, not for data you need.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where REST listens.
    #[arg(long, env = "SANDBOX_REST_ADDR", default_value = "127.0.0.1:6333")]
    rest_addr: SocketAddr,
    /// Where gRPC listens.
    #[arg(long, env = "SANDBOX_GRPC_ADDR", default_value = "127.0.0.1:6334")]
    grpc_addr: SocketAddr,
    /// Serve REST only.
    #[arg(long)]
    no_grpc: bool,
    /// Keep collections here; without it they go when the program ends.
    #[arg(long, env = "SANDBOX_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Ask every request for this key.
    #[arg(long, env = "SANDBOX_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// What to log, as `RUST_LOG` has it.
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    log: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Standard error may be closed; there is nobody left to tell then.
            let _unheard = writeln!(io::stderr(), "pointsman-sandbox: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), SandboxError> {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(&arguments.log)).with_writer(io::stderr).init();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut sandbox = Sandbox::start(SandboxOptions {
        rest_addr: arguments.rest_addr,
        grpc_addr: (!arguments.no_grpc).then_some(arguments.grpc_addr),
        data_dir: arguments.data_dir.clone(),
        api_key: arguments.api_key.clone(),
    })
    .await?;
    io::stdout().write_all(banner(&sandbox, &arguments).as_bytes())?;
    io::stdout().flush()?;
    tokio::select! {
        why = sandbox.failed() => return Err(why),
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    sandbox.shutdown().await
}

fn banner(sandbox: &Sandbox, arguments: &Arguments) -> String {
    let rest = sandbox.rest_url();
    let grpc = sandbox.grpc_url().unwrap_or_else(|| "off".to_owned());
    let data =
        arguments.data_dir.as_ref().map_or_else(|| "in a temporary folder, gone at exit".to_owned(), |folder| folder.display().to_string());
    let key = if arguments.api_key.is_some() { "required" } else { "not required" };
    format!(
        "pointsman sandbox {} (speaks Qdrant {QDRANT_VERSION})\n  \
         REST     {rest}\n  gRPC     {grpc}\n  data     {data}\n  API key  {key}\n  \
         faults   {rest}/sandbox/faults    what arrived: {rest}/sandbox/requests\n",
        env!("CARGO_PKG_VERSION"),
    )
}
