//! `pointsman store export|import`: all that lasts as one JSON document, for backups and for moving between databases.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{ServeArgs, complain, configuration, say};
use crate::config::Purpose;
use crate::store::{AuditEntry, Export, ImportError, OpenError, Store, StoreError, StoreUrl, write_private};

#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    source: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write everything that lasts to standard output or a file; also while Pointsman runs
    #[command(after_help = "Example:\n  pointsman store export --out backup.json")]
    Export {
        /// The file to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Read an export into an empty store; no Pointsman may be running on a SQLite file
    #[command(after_help = "Example:\n  pointsman store import backup.json")]
    Import {
        /// Replace what the store holds
        #[arg(long)]
        force: bool,
        /// The export, or - for standard input
        file: PathBuf,
    },
}

#[derive(Debug, thiserror::Error)]
enum StoreFault {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("{0}: {1}")]
    File(String, io::Error),
    #[error("{0} is no export: {1}")]
    Unreadable(String, serde_json::Error),
    #[error("the command cannot be set up: {0}")]
    Process(io::Error),
}

pub(super) fn run(args: &StoreArgs) -> ExitCode {
    let loaded = match configuration(Purpose::Find, &args.source) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StoreFault::Process);
    let said = runtime.and_then(|runtime| runtime.block_on(act(&args.action, loaded.config.store.url.location())));
    match said {
        Ok(said) => said.map_or(ExitCode::SUCCESS, |text| say(format_args!("{text}"))),
        Err(fault) => complain(format_args!("{fault}")),
    }
}

/// What to say in the end.
async fn act(action: &Action, url: &StoreUrl) -> Result<Option<String>, StoreFault> {
    match action {
        Action::Export { out } => export(url, out.as_ref()).await,
        Action::Import { force, file } => import(url, file, *force).await.map(Some),
    }
}

async fn export(url: &StoreUrl, out: Option<&PathBuf>) -> Result<Option<String>, StoreFault> {
    let store = Store::open_to_read(url).await?;
    let export = store.export().await?;
    store.close().await;
    let text = serde_json::to_string_pretty(&export).map_err(|error| StoreFault::Unreadable(url.to_string(), error))?;
    let Some(path) = out else { return Ok(Some(text)) };
    write_private(path, &(text + "\n")).map_err(|error| StoreFault::File(path.display().to_string(), error))?;
    Ok(Some(format!("{} documents of revision {} are in {}", export.documents.len(), export.revision, path.display())))
}

async fn import(url: &StoreUrl, file: &PathBuf, force: bool) -> Result<String, StoreFault> {
    let name = file.display().to_string();
    let read = if name == "-" { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = read.map_err(|error| StoreFault::File(name.clone(), error))?;
    let export: Export = serde_json::from_str(&text).map_err(|error| StoreFault::Unreadable(name.clone(), error))?;
    let store = Store::open(url).await?;
    let audit = AuditEntry {
        actor: "pointsman store import".to_owned(),
        action: "store.import".to_owned(),
        subject: String::new(),
        before: None,
        after: None,
        reason: Some(format!("the export of revision {} in {name}", export.revision)),
        result: "ok".to_owned(),
    };
    let imported = store.import(&export, force, &audit).await;
    store.close().await;
    let imported = imported?;
    Ok(format!("{} documents were imported at revision {}, {} replaced", imported.documents, imported.revision, imported.replaced))
}
