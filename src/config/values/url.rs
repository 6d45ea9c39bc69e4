//! Where an upstream is reached.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::Uri;
use percent_encoding::percent_decode_str;

/// `http(s)://host[:port][/path]`: where there is a path, Qdrant's API is below it, as behind a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    secure: bool,
    /// In brackets when it is an IPv6 address.
    host: String,
    port: Option<u16>,
    /// Empty, or a path that begins with a slash and does not end with one.
    path: String,
}

/// Why a text is not an [`UpstreamUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Such a URL is not repeated: it may hold a password.
    #[error("carries a user name or password; a key belongs in `api_key`")]
    UserInfo,
    #[error("`{0}` is not a URL such as http://127.0.0.1:6333")]
    Malformed(String),
    #[error("`{0}` must begin with http:// or https://")]
    Scheme(String),
    /// What a query holds may be a key.
    #[error("`{0}` has a query or a fragment behind it, and Qdrant's API has no place behind that; leave it out")]
    Query(String),
    #[error("`{0}` has an empty segment, `.` or `..` in its path, which a gateway would resolve; write the path without it")]
    Segment(String),
}

impl UpstreamUrl {
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.secure
    }

    /// As it was written; none for the usual one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether Qdrant's API is below a path of its host.
    #[must_use]
    pub fn has_path(&self) -> bool {
        !self.path.is_empty()
    }

    /// The same host at another port, and the same path.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self { port: Some(port), ..self.clone() }
    }
}

impl FromStr for UpstreamUrl {
    type Err = UrlFault;

    fn from_str(text: &str) -> Result<Self, UrlFault> {
        if text.contains('@') {
            return Err(UrlFault::UserInfo);
        }
        let malformed = || UrlFault::Malformed(text.into());
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(UrlFault::Scheme(text.into())),
        };
        let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or_else(malformed)?;
        if authority.as_str().len() > authority.host().len() && authority.port_u16().is_none() {
            return Err(malformed());
        }
        if let Some(end) = text.find(['?', '#']) {
            return Err(UrlFault::Query(text[..end].into()));
        }
        let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
        if path.split('/').skip(1).any(is_resolved) {
            return Err(UrlFault::Segment(text.into()));
        }
        Ok(Self { secure, host: authority.host().into(), port: authority.port_u16(), path: path.into() })
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))?;
        formatter.write_str(&self.path)
    }
}

/// Whether a segment of a path is not there any more once the path is resolved.
fn is_resolved(segment: &str) -> bool {
    let decoded: Cow<'_, [u8]> = percent_decode_str(segment).into();
    matches!(&*decoded, b"" | b"." | b"..")
}

super::as_text!(UpstreamUrl, "a URL such as http://127.0.0.1:6333", "^[Hh][Tt][Tt][Pp][Ss]?://");
