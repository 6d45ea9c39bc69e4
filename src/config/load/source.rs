//! Where a configuration is read from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::config::{Fault, Origin};

/// The file that is read when none is named and it exists.
const USUAL_FILE: &str = "config/pointsman.yaml";

/// Everything a configuration is made of. Kept by a running process, to make the next one in the same way.
#[derive(Clone, Default)]
pub struct Source {
    pub(super) named: Option<PathBuf>,
    pub(super) usual: Option<PathBuf>,
    pub(super) environment: Vec<(String, OsString)>,
    pub(super) overrides: Vec<Override>,
}

/// A flag that sets a key.
#[derive(Clone)]
pub struct Override {
    pub flag: &'static str,
    pub keys: &'static [&'static str],
    pub value: String,
}

impl Source {
    /// For a process: the file named, or else the usual one if it is there; this process's environment; its flags.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, overrides: Vec<Override>) -> Self {
        // A variable whose name is not UTF-8 is none of ours.
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        Self { named: file, usual: Some(USUAL_FILE.into()), environment, overrides }
    }

    /// This file alone.
    #[must_use]
    pub fn of_file(file: impl Into<PathBuf>) -> Self {
        Self { named: Some(file.into()), ..Self::default() }
    }

    /// The same, with these variables instead of the process's own.
    #[must_use]
    pub fn with_environment<N: Into<String>, V: Into<OsString>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        self.environment = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self
    }

    /// The same, with these flags.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Vec<Override>) -> Self {
        self.overrides = overrides;
        self
    }

    /// The file to read now; none when none is named and the usual one is not there.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        self.named.clone().or_else(|| self.usual.clone().filter(|path| path.exists()))
    }

    /// Of the file's content as it is now; a file that cannot be read has one as well.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        read(self.file().as_deref()).map_or_else(|fault| fingerprint(&fault.to_string()), |content| fingerprint(&content))
    }
}

/// The content of the file; empty when there is none.
pub(super) fn read(file: Option<&Path>) -> Result<String, Fault> {
    let Some(path) = file else { return Ok(String::new()) };
    std::fs::read_to_string(path).map_err(|error| Fault {
        key: String::new(),
        reason: format!("the configuration cannot be read: {error}"),
        origin: Origin::File { path: Arc::from(path.to_string_lossy()), line: 0, column: 0 },
    })
}

pub(super) fn fingerprint(content: &str) -> String {
    format!("{:016x}", xxh3_64(content.as_bytes()))
}
