//! The two processes that the demo starts, the sandbox and Pointsman, and how it knows that they are ready.
//!
//! No child outlives the demo: it is killed with its handle, and by the kernel if the demo itself is killed (see `guard`).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::error::DemoError;
use crate::http::Api;

const READY_WITHIN: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(50);
const LAST_LINES: usize = 12;

/// A running child; what it prints goes to a file in the demo's own directory.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start<A: AsRef<OsStr>>(
        name: &'static str,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        directory: &Path,
    ) -> Result<Self, DemoError> {
        let log = directory.join(format!("{name}.log"));
        let file = File::create(&log).map_err(DemoError::io(format!("creating {}", log.display())))?;
        let same = file.try_clone().map_err(DemoError::io(format!("opening {}", log.display())))?;
        let mut command = Command::new(own_executable()?);
        // The settings of the user's own Pointsman or sandbox must not reach those of the demo.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_a_setting(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        let child = command
            .args(["guard", "--parent", &std::process::id().to_string()])
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(same)
            // Ctrl-C in the terminal reaches the demo alone, which then ends its children in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(DemoError::io(format!("starting {}", program.display())))?;
        Ok(Self { name, child, log })
    }

    /// Asks `path` until the answer is a success.
    pub(crate) async fn ready(&mut self, api: &Api, path: &str) -> Result<(), DemoError> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let Err(error) = api.get(path).await else { return Ok(()) };
            let ended = self.child.try_wait().map_err(DemoError::io(format!("watching {}", self.name)))?;
            if let Some(status) = ended {
                return Err(DemoError::Died { process: self.name, status, log: self.last_lines() });
            }
            if Instant::now() > deadline {
                let (seconds, reason) = (READY_WITHIN.as_secs(), error.to_string());
                return Err(DemoError::NotReady { process: self.name, seconds, reason, log: self.last_lines() });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Nothing while it has not been started or has ended already.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub(crate) async fn end(mut self) -> Result<(), DemoError> {
        self.child.kill().await.map_err(DemoError::io(format!("ending {}", self.name)))
    }

    fn last_lines(&self) -> String {
        match fs::read_to_string(&self.log) {
            Ok(text) => {
                let lines: Vec<_> = text.lines().collect();
                lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
            }
            Err(error) => format!("(cannot read {}: {error})", self.log.display()),
        }
    }
}

/// Addresses that are free now. All are held while they are looked for, so that no two are the same.
pub(crate) fn free_addresses<const N: usize>() -> Result<[SocketAddr; N], DemoError> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut held = Vec::with_capacity(N);
    let mut addresses = [any_port; N];
    for address in &mut addresses {
        let listener = TcpListener::bind(any_port).map_err(DemoError::io("looking for a free port on 127.0.0.1"))?;
        *address = listener.local_addr().map_err(DemoError::io("asking which port is free"))?;
        held.push(listener);
    }
    Ok(addresses)
}

/// The program given by a flag, or the one that was built beside this executable.
pub(crate) fn find(name: &'static str, flag: &'static str, given: Option<&Path>) -> Result<PathBuf, DemoError> {
    let path = match given {
        Some(path) => std::path::absolute(path).map_err(DemoError::io(format!("resolving {}", path.display())))?,
        None => own_executable()?.with_file_name(name),
    };
    if path.is_file() { Ok(path) } else { Err(DemoError::NoProgram { name, flag, path }) }
}

fn own_executable() -> Result<PathBuf, DemoError> {
    std::env::current_exe().map_err(DemoError::io("finding the path of this executable"))
}

fn is_a_setting(variable: &str) -> bool {
    ["POINTSMAN_", "SANDBOX_"].iter().any(|prefix| variable.starts_with(prefix))
}
