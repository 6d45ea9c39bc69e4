//! Where a page in a browser is from.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// `http(s)://host[:port]`, as browsers write it into the `Origin` header: in lower case, without the usual port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin {
    secure: bool,
    /// In brackets when it is an IPv6 address.
    host: String,
    /// None for the usual one of the scheme.
    port: Option<u16>,
}

impl WebOrigin {
    /// In lower case; in brackets when it is an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, spelt out or not.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(usual(self.secure))
    }
}

fn usual(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is not an origin such as https://pointsman.example, without a path");
        let uri: Uri = text.parse().map_err(|_| fault())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(fault()),
        };
        let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or_else(fault)?;
        let port = authority.port_u16();
        let spelt = authority.host().len() + port.map_or(0, |port| 1 + port.to_string().len());
        // What is left is user information, or a port that is no number. `Uri` adds the slash of an empty path itself.
        if spelt != authority.as_str().len() || uri.path() != "/" || text.ends_with('/') || uri.query().is_some() {
            return Err(fault());
        }
        Ok(Self { secure, host: authority.host().to_ascii_lowercase(), port: port.filter(|port| *port != usual(secure)) })
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

super::as_text!(WebOrigin, "an origin such as https://pointsman.example", "^[Hh][Tt][Tt][Pp][Ss]?://");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_as_browsers_write_it() {
        let origin: WebOrigin = "https://Pointsman.Example:443".parse().expect("legal");
        assert_eq!(origin.to_string(), "https://pointsman.example");
        assert_eq!(Ok(origin), "https://pointsman.example".parse());
        let local: WebOrigin = "http://[::1]:7335".parse().expect("legal");
        assert_eq!((local.host(), local.port(), local.to_string().as_str()), ("[::1]", 7335, "http://[::1]:7335"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in
            ["", "null", "pointsman.example", "ftp://a", "http://", "http://a/", "http://a/b", "http://a?b", "http://u:p@a", "http://a:b"]
        {
            assert!(text.parse::<WebOrigin>().is_err(), "{text}");
        }
    }
}
