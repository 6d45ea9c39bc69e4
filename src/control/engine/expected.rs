//! Which version of a resource a change is meant for.

use std::fmt;

/// As `If-Match` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The caller did not say: enough to create, not to change.
    Unsaid,
    /// The one that is there, whichever it is.
    Any,
    Revision(u64),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => f.write_str("none"),
            Self::Any => f.write_str("any"),
            Self::Revision(revision) => revision.fmt(f),
        }
    }
}
