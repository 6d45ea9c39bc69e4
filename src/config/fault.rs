//! What is wrong with a configuration: which key, why, and where it was set.

use std::fmt;
use std::sync::Arc;

/// One fault. Its text names the key, the reason and the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason} ({origin})", Prefix(.key))]
pub struct Fault {
    /// The path of the key, such as `listen.rest`; empty when the whole is meant.
    pub key: String,
    pub reason: String,
    pub origin: Origin,
}

/// Where a value was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    #[default]
    Default,
    /// In a file; line and column count from 1, a line of 0 means the file as a whole.
    File { path: Arc<str>, line: u64, column: u64 },
    /// By this environment variable.
    Environment(Arc<str>),
    /// By this flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("by default"),
            Self::File { path, line: 0, .. } => write!(formatter, "in {path}"),
            Self::File { path, line, column } => write!(formatter, "at {path}:{line}:{column}"),
            Self::Environment(variable) => write!(formatter, "in the environment variable {variable}"),
            Self::Flag(flag) => write!(formatter, "in the flag {flag}"),
        }
    }
}

struct Prefix<'a>(&'a str);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(formatter, "{}: ", self.0) }
    }
}
