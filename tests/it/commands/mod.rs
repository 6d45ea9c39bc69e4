//! The operators' commands, by the real binary against a running Pointsman.

mod canaries;
mod errors;
mod experiments;
mod following;
mod lost_writes;
mod nouns;
mod status;

use std::process::Stdio;

use tokio::process::Command;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection};

/// An alias, two collections that can take it, and a folder to run commands in.
struct House {
    upstream: Upstream,
    pointsman: Pointsman,
    folder: tempfile::TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl House {
    async fn new(extra: &str) -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        Self { upstream, pointsman, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A command that asks this Pointsman; words are split at spaces.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(line.split_whitespace()).current_dir(self.folder.path()).kill_on_drop(true);
        command.env_remove("POINTSMAN_CONFIG").env_remove("POINTSMAN_ADMIN_TOKEN").env("USER", "anna");
        command.env("POINTSMAN_ADMIN_URL", self.pointsman.admin("")).stdin(Stdio::null());
        command
    }

    async fn run(&self, line: &str) -> Said {
        said(self.command(line)).await
    }

    /// The words of a command that succeeds.
    async fn told(&self, line: &str) -> String {
        let said = self.run(line).await;
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{line}: {said:?}");
        said.out
    }

    /// The words of a command that Pointsman refuses.
    async fn refused(&self, line: &str) -> String {
        let said = self.run(line).await;
        assert!(said.code == 1 && said.err.starts_with("refused (") && said.out.is_empty(), "{line}: {said:?}");
        said.err
    }
}

async fn said(mut command: Command) -> Said {
    let output = tokio::time::timeout(PATIENCE * 2, command.output()).await.expect("it ends").expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8").trim_end().to_owned();
    Said { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}
