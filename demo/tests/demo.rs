//! The demo as its user starts it. Its exit code is a verdict on two canaries under traffic, so it must come to a good one;
//! and however it ends, no process outlives it.
//!
//! It needs `pointsman` and `pointsman-sandbox` beside it: `cargo build --workspace --bins` builds all three, as does any test run of the whole
//! workspace.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{ChildStdout, Command};

/// For what is seen again and again until it holds; a pass takes a moment.
const PATIENCE: Duration = Duration::from_secs(60);

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman-demo"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_version_is_rolled_back_and_a_working_one_takes_over_while_no_user_sees_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let picture = folder.path().join("demo.svg");
    let output = demo(&["--fast", "--record"]).arg(&picture).output().await.expect("the demo starts");
    let said = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    for expected in [
        "kept    users saw 0 errors",
        "kept    0 of 1000 users flipped",
        "kept    docs_v2 was rolled back",
        "kept    docs_v3 completed all 3 stages: `docs` points to it",
        "canary to docs_v2: rolling_back: `error_rate` fails",
        "canary to docs_v3: completed: ",
    ] {
        assert!(said.contains(expected), "`{expected}` was not said in\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "a pipe gets no escape codes\n{said}");
    let picture = std::fs::read_to_string(&picture).expect("the recording was written");
    assert!(picture.starts_with("<svg") && picture.contains("rolled_back") && picture.contains("completed"));
    assert!(picture.len() < 200_000, "{} bytes", picture.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_process_outlives_the_demo_however_it_ends() {
    for (signal, code) in [(Signal::INT, Some(130)), (Signal::TERM, Some(143)), (Signal::HUP, Some(129)), (Signal::KILL, None)] {
        let mut child = demo(&[]).spawn().expect("the demo starts");
        let stdout = child.stdout.take().expect("it was asked for");
        let mut lines = BufReader::new(stdout).lines();
        let servers = [listening(&mut lines).await, listening(&mut lines).await];
        let own = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("it runs");
        kill_process(own, signal).expect("the signal is sent");
        let status = child.wait().await.expect("the demo ends");
        assert_eq!(status.code(), code, "after {signal:?}");
        for server in servers {
            gone(&server, signal).await;
        }
    }
}

/// Where the next of the two servers listens that the demo says it has started.
async fn listening(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    loop {
        let line = lines.next_line().await.expect("its output can be read").expect("it names both servers before it ends");
        if let Some((_, rest)) = line.split_once("REST http://") {
            return rest.split_whitespace().next().expect("an address").to_owned();
        }
    }
}

/// The kernel ends a process on its own time: its port is asked until then.
async fn gone(server: &str, signal: Signal) {
    let waited = tokio::time::timeout(PATIENCE, async { while TcpStream::connect(server).await.is_ok() {} });
    assert!(waited.await.is_ok(), "{server} still listens after {signal:?}");
}
