//! `serve` in a terminal of its own: what it tells, and that it ends with the terminal.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::process::{Child, Command};

use crate::house::{PATIENCE, Upstream, alias, collection, get, http};

/// A terminal with a process in it. It closes when this is dropped.
struct Window {
    screen: File,
}

impl Window {
    /// Both of its ends; neither becomes the terminal of this process.
    fn open() -> (Self, File) {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&screen).expect("it can be had");
        unlockpt(&screen).expect("it can be opened");
        let name = ptsname(&screen, Vec::new()).expect("it has a name").into_string().expect("plain text");
        let flags = i32::try_from(OFlags::NOCTTY.bits()).expect("a small number");
        let inside = File::options().read(true).write(true).custom_flags(flags).open(name).expect("its other end");
        (Self { screen: screen.into() }, inside)
    }

    /// What is on the screen, once `text` is.
    async fn shows(&self, text: &'static str) -> String {
        let mut screen = File::from(self.screen.as_fd().try_clone_to_owned().expect("a second handle"));
        let reading = tokio::task::spawn_blocking(move || {
            let (mut seen, mut piece) = (String::new(), [0; 4096]);
            while !seen.contains(text) {
                let read = screen.read(&mut piece).unwrap_or_else(|error| panic!("{error}: {seen}"));
                seen.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            seen
        });
        tokio::time::timeout(PATIENCE, reading).await.expect("it is shown in time").expect("no panic")
    }
}

fn serve(upstream: &Upstream, folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(["serve", "--qdrant-url", &upstream.rest, "--qdrant-grpc-url", &upstream.grpc, "--store-url", "kept.db"]);
    command.args(["--rest-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--workers", "1"]);
    command.current_dir(folder).env_remove("POINTSMAN_CONFIG").stdout(Stdio::null()).kill_on_drop(true);
    command
}

async fn hang_up(child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().await.expect("kill runs").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_is_greeted_and_when_it_closes_the_process_ends() {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (window, inside) = Window::open();
    let mut command = serve(&upstream, folder.path());
    command.stdin(inside.try_clone().expect("a second handle")).stderr(inside);
    let mut child = command.spawn().expect("the binary runs");
    // The command holds the terminal's inner end as long as it lives.
    drop(command);
    let screen = window.shows("Qdrant (`default`) has 1 alias and 1 collection.").await;
    let line = |name: &str| {
        screen.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim).unwrap_or_else(|| panic!("no {name} in {screen}"))
    };
    assert_eq!(line("upstream "), format!("default: {} (REST), {} (gRPC)", upstream.rest, upstream.grpc));
    assert_eq!((line("store "), line("configuration ")), ("kept.db", "no file: defaults, the environment and flags"));
    let admin = line("pointsman status --admin ").to_owned();

    // A signal that an operator sends means "reload", in a terminal too.
    let (http, status) = (http(), format!("http://{admin}/v1/status"));
    let revision = async || get(&http, &status).await["table_version"].as_u64().expect("a number");
    let before = revision().await;
    hang_up(&child).await;
    let reloaded = async {
        while revision().await == before {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reloaded).await.expect("it reloads in time");
    assert!(child.try_wait().expect("it can be asked").is_none(), "it serves on");

    drop(window);
    hang_up(&child).await;
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").expect("it can be waited for");
    assert_eq!(ended.code(), Some(0), "in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_gets_log_lines_only() {
    let upstream = Upstream::sandbox().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = serve(&upstream, folder.path()).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stderr.take().expect("it is piped")));
    let mut logged = Vec::new();
    let reading = async {
        while let Some(line) = lines.next_line().await.expect("its log can be read") {
            if line.contains(": serving ") {
                let pid = child.id().expect("it runs").to_string();
                assert!(Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs").success());
            }
            logged.push(line);
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("it ends in time");
    assert!(logged.iter().all(|line| line.contains("INFO") || line.contains("WARN")), "{logged:#?}");
    assert!(logged.iter().any(|line| line.contains("stopped: every request was finished")), "{logged:#?}");
}
