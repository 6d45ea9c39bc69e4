//! The path that an upstream's API is below, such as `/qdrant` behind a gateway.
//!
//! The data path, the mirror and the control plane put it before the path of each request. Classification, names, guards and
//! metrics see paths without it.

use std::borrow::Cow;

use http::uri::{InvalidUri, PathAndQuery};
use percent_encoding::percent_decode_str;

/// Empty, or a path that begins with a slash and does not end with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(Box<str>);

/// Why a request cannot be sent below a prefix.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TargetFault {
    /// A gateway that resolves `..` would serve another of its paths, perhaps with this upstream's key.
    #[error("its path has a segment `..`, which could lead out of `{0}`, the path that the upstream is below")]
    LeadsOut(Prefix),
    #[error("its path cannot be put below the upstream's: {0}")]
    Path(String),
}

impl Prefix {
    /// Of the path of a URL; slashes at its end do not matter.
    #[must_use]
    pub fn of(path: &str) -> Self {
        Self(path.trim_end_matches('/').into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before `target`: nothing before `*`, which asks the server as a whole.
    pub(crate) fn before(&self, target: &str) -> Result<&str, TargetFault> {
        if self.0.is_empty() || !target.starts_with('/') {
            return Ok("");
        }
        if leads_out(target) { Err(TargetFault::LeadsOut(self.clone())) } else { Ok(&self.0) }
    }

    /// `path` below this prefix.
    pub(crate) fn join(&self, path: PathAndQuery) -> Result<PathAndQuery, TargetFault> {
        match self.before(path.as_str())? {
            "" => Ok(path),
            prefix => format!("{prefix}{path}").try_into().map_err(|error: InvalidUri| TargetFault::Path(error.to_string())),
        }
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a gateway may find a segment `..`: it may decode before it resolves, take `\` for a slash, or drop parameters (`..;x`).
fn leads_out(target: &str) -> bool {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let decoded: Cow<'_, [u8]> = percent_decode_str(path).into();
    let mut segments = decoded.split(|byte| matches!(byte, b'/' | b'\\'));
    segments.any(|segment| segment.split(|byte| *byte == b';').next() == Some(b".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_put_before_a_path_once_and_changes_nothing_else() {
        for (prefix, target, sent) in [
            ("", "/collections", "/collections"),
            ("/", "/collections?a=1", "/collections?a=1"),
            ("/qdrant", "/collections/docs", "/qdrant/collections/docs"),
            ("/qdrant/", "/collections/docs", "/qdrant/collections/docs"),
            ("/a/b//", "/", "/a/b/"),
            ("/a%20b", "/collections/d%C3%B6cs?wait=true&x=/../y", "/a%20b/collections/d%C3%B6cs?wait=true&x=/../y"),
            ("/qdrant", "/qdrant/collections", "/qdrant/qdrant/collections"),
            ("/qdrant", "//collections/docs/", "/qdrant//collections/docs/"),
            ("/qdrant", "/collections/a..b/./c...", "/qdrant/collections/a..b/./c..."),
            ("/qdrant", "/qdrant.Points/Search", "/qdrant/qdrant.Points/Search"),
            ("/qdrant", "*", "*"),
        ] {
            let prefix = Prefix::of(prefix);
            assert_eq!(format!("{}{target}", prefix.before(target).expect("it stays below")), sent);
            assert_eq!(prefix.join(PathAndQuery::from_static(target)).expect("a path"), sent, "{prefix} {target}");
        }
    }

    #[test]
    fn no_path_leads_out_of_a_prefix() {
        for target in ["/..", "/../admin", "/a/%2e%2E/%2e./admin", "/..%2fadmin", "/a/..;x=1/b", "/..%5cadmin", "/a/../b?c"] {
            let refused = Prefix::of("/qdrant").before(target).expect_err(target).to_string();
            assert!(refused.contains("`/qdrant`"), "{refused}");
            assert_eq!(Prefix::default().before(target).expect("nothing to lead out of"), "");
        }
    }
}
