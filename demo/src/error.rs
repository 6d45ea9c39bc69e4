//! What can stop the demo, said so that a person can act on it.

use std::io;
use std::path::PathBuf;

use reqwest::{Method, StatusCode};

/// Why the demo could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error(
        "there is no {name} at {}: build it with `cargo build --workspace --bins`, or name another one with {flag} PATH",
        path.display()
    )]
    NoProgram { name: &'static str, flag: &'static str, path: PathBuf },
    #[error("{process} ended before it was ready ({status}); the last lines of its log:\n{log}")]
    Died { process: &'static str, status: std::process::ExitStatus, log: String },
    #[error("{process} was not ready after {seconds} s: {reason}; the last lines of its log:\n{log}")]
    NotReady { process: &'static str, seconds: u64, reason: String, log: String },
    #[error("{method} {url}: {source}")]
    Unreachable { method: Method, url: String, source: reqwest::Error },
    #[error("{method} {url} was answered with {status}: {body}")]
    Refused { method: Method, url: String, status: StatusCode, body: String },
    #[error("{method} {url}: the answer cannot be read: {source}")]
    Unreadable { method: Method, url: String, source: serde_json::Error },
}

impl DemoError {
    /// For `map_err`: names what was being done when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}
