//! Where an upstream is reached.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// `http(s)://host[:port]`, and nothing behind it: Qdrant is expected at the root of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    secure: bool,
    /// In brackets when it is an IPv6 address.
    host: String,
    port: Option<u16>,
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
    #[error("`{0}` has a path; Qdrant is expected at the root of its host")]
    Path(String),
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

    /// The same host at another port.
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
        if uri.path() != "/" || uri.query().is_some() {
            return Err(UrlFault::Path(text.split('?').next().unwrap_or_default().into()));
        }
        Ok(Self { secure, host: authority.host().into(), port: authority.port_u16() })
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

super::as_text!(UpstreamUrl, "a URL such as http://127.0.0.1:6333", "^[Hh][Tt][Tt][Pp][Ss]?://");
