//! Names of headers that requests bring.

use std::fmt;
use std::str::FromStr;

use http::HeaderName;

/// A header's name in lower case; the same name is a metadata key of gRPC.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header(HeaderName);

impl Header {
    /// A name known to be legal. Panics on others, so for constants only.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(HeaderName::from_static(name))
    }

    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.0
    }
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = HeaderName::from_str(text).map_err(|_| format!("`{text}` cannot be the name of a header"))?;
        // Those are taken off each request before anybody looks: a request must not bring a decision along.
        if name.as_str().starts_with("x-pointsman-") {
            return Err(format!("`{name}` is one of Pointsman's own headers, which are removed from requests"));
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

super::as_text!(Header, "the name of a header", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$");
