//! `pointsman check`, by the real binary: the same faults as `serve`, the same warnings, no secrets, and what `--connect` finds.

mod connect;
mod faults;

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::house::PATIENCE;

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A command in `folder`, away from the environment of the tests.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(arguments).current_dir(folder).env_remove("POINTSMAN_CONFIG").stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(folder: &Path, arguments: &[&str]) -> Said {
    let output = tokio::time::timeout(PATIENCE, command(folder, arguments).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{arguments:?} does not end")).expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with this configuration in `p.yaml`.
fn folder(yaml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("p.yaml"), yaml).expect("written");
    folder
}
