//! What can stop the demo, said so that a person can act on it.

use std::io;
use std::path::PathBuf;

/// Why the demo could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum DemoError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error(
        "no sandbox at {}: build it with `cargo build -p pointsman-sandbox`, or give --sandbox PATH, \
         or --qdrant-url and --qdrant-grpc-url of a Qdrant", path.display()
    )]
    NoSandbox { path: PathBuf },
    #[error("{process} ended before it was ready ({status}); its last words:\n{log}")]
    Died { process: &'static str, status: std::process::ExitStatus, log: String },
    #[error("{process} was not ready after {seconds} s: {reason}; its last words:\n{log}")]
    NotReady { process: &'static str, seconds: u64, reason: String, log: String },
    #[error("{method} {url}: {source}")]
    Unreachable { method: reqwest::Method, url: String, source: reqwest::Error },
    #[error("{method} {url} was answered with {status}: {body}")]
    Refused { method: reqwest::Method, url: String, status: reqwest::StatusCode, body: String },
    #[error("{method} {url}: the answer has no `{missing}`: {body}")]
    Odd { method: reqwest::Method, url: String, missing: &'static str, body: String },
    #[error("`{name}` already exists in {url}, and the demo overwrites nothing: remove it, or use an empty Qdrant")]
    Occupied { name: String, url: String },
    #[error("{silent} of {users} users got no answer within {seconds} s; are Pointsman and its upstream overloaded? Try a lower --rate")]
    Silent { silent: usize, users: usize, seconds: u64 },
    #[error("{error}\nthe demo's collections could not be removed afterwards: {left}")]
    LeftBehind { error: Box<Self>, left: Box<Self> },
}

impl DemoError {
    /// For `map_err`: names what was being done when the system refused.
    pub(in crate::cli) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}
