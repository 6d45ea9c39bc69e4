//! Where another service's API begins.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// `http(s)://host[:port][/path]`: paths of the API are put behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why a text is not a [`BaseUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlFault {
    /// Such a URL is not repeated: it may hold a password.
    #[error("carries a user name or password; a key has a place of its own")]
    UserInfo,
    #[error("`{0}` is not a URL such as http://prometheus:9090")]
    Malformed(String),
    #[error("`{0}` must begin with http:// or https://")]
    Scheme(String),
    #[error("`{0}` must be all: it has a query behind it, where Pointsman puts its own")]
    Query(String),
}

impl BaseUrl {
    /// With this path, which begins with a slash, behind it.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlFault;

    fn from_str(text: &str) -> Result<Self, BaseUrlFault> {
        if text.contains('@') {
            return Err(BaseUrlFault::UserInfo);
        }
        let malformed = || BaseUrlFault::Malformed(text.into());
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(BaseUrlFault::Scheme(text.into()));
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(malformed());
        }
        if uri.query().is_some() {
            // What a query holds may be a key.
            return Err(BaseUrlFault::Query(text.split('?').next().unwrap_or_default().into()));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

super::as_text!(BaseUrl, "a URL such as http://prometheus:9090", "^[Hh][Tt][Tt][Pp][Ss]?://");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_follow_and_its_last_slash_does_not_matter() {
        for (text, joined) in [("http://p:9090", "http://p:9090/api"), ("https://p/prometheus/", "https://p/prometheus/api")] {
            assert_eq!(text.parse::<BaseUrl>().expect("legal").join("/api"), joined);
        }
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for text in ["", "p:9090", "ftp://p", "http://", "http://p?x=1", "http://user:sesame@p"] {
            let fault = text.parse::<BaseUrl>().expect_err(text);
            assert!(!fault.to_string().contains("sesame"), "a password is not repeated");
        }
    }
}
