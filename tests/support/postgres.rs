//! A PostgreSQL server of the tests' own: started from the machine's installation as an unprivileged user, in a temporary
//! folder, reachable through a Unix socket there. `postgres.sh` does the work and cleans up, however the tests end.
//!
//! Included by path, since unit tests and integration tests share no crate. Everything blocks: a test has nothing else to
//! do meanwhile, and the server outlives the runtime of the test that started it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The account Debian's package makes; the server refuses to run as root.
const UNPRIVILEGED: &str = "postgres";

/// One server. It ends with its last owner, and at the latest with the process.
pub(crate) struct Cluster {
    programs: PathBuf,
    /// Names the folder of the server's socket, too.
    home: PathBuf,
    databases: AtomicU32,
    script: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);

impl Cluster {
    /// The server all tests of this process share, for those that leave it running.
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    /// A server for one test alone.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let mut script = unprivileged("sh");
        script.args(["-c", include_str!("postgres.sh"), "postgres.sh"]).arg(&programs);
        // It outlives the process for a moment, so it must not hold on to anything of it.
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("sh can be run");
        let orders = script.stdin.take();
        let answers = BufReader::new(script.stdout.take().expect("it is piped"));
        let mut cluster = Self { programs, home: PathBuf::new(), databases: AtomicU32::new(0), script, orders, answers };
        cluster.home = cluster.answer().into();
        cluster
    }

    /// A new, empty database; returns its URL.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(self.programs.join("createdb"));
        let created = create.arg("--host").arg(&self.home).args(["--username", "pointsman", &name]).output().expect("createdb can be run");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        format!("postgres://pointsman@localhost/{name}?host={}", self.home.display())
    }

    /// As if it had crashed.
    pub(crate) fn crash(&mut self) {
        self.order("stop");
    }

    pub(crate) fn restart(&mut self) {
        self.order("start");
    }

    /// From now on it is a standby, which takes no writes.
    pub(crate) fn demote(&mut self) {
        self.order("demote");
    }

    pub(crate) fn promote(&mut self) {
        self.order("promote");
    }

    fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("it is taken only at the end");
        writeln!(orders, "{order}").expect("the script listens");
        assert_eq!(self.answer(), order);
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the script writes text");
        assert!(line.ends_with('\n'), "postgres.sh gave up: {line}");
        let line = line.trim_end().to_owned();
        let known = ["start", "stop", "demote", "promote"].contains(&line.as_str());
        assert!(line.starts_with('/') || known, "postgres.sh said: {line}");
        line
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.orders.take());
        // Nobody is left to be told.
        let _ = self.script.wait();
    }
}

fn unprivileged(program: &str) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|myself| myself.uid() == 0);
    let mut command = if root { Command::new("runuser") } else { Command::new(program) };
    if root {
        command.args(["-u", UNPRIVILEGED, "--", program]);
    }
    command.current_dir("/");
    command
}

/// Of several installed versions the one whose folder sorts last; Debian does not put them on the search path.
fn programs() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let elsewhere = std::env::split_paths(&path).filter(|folder| has_server(folder));
    let found = debian.filter(|folder| has_server(folder)).max().or_else(|| elsewhere.last());
    found.expect("PostgreSQL's server is installed: `make prepare test` does it, or apt-get install postgresql")
}

fn has_server(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("createdb").is_file()
}
