//! The address of a service that may take its key in the URL.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::secret::MASK;

/// An http or https URL. Printed without a user's name and password, and without the values of its query: these are where
/// services take keys.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl(String);

impl ServiceUrl {
    /// The whole of it, for the one place that sends something there.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceUrl {
    type Err = &'static str;

    /// The text is not repeated in a fault.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| "is not a URL such as https://api.example/v1/embeddings")?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("must begin with http:// or https://");
        }
        match uri.host() {
            Some(host) if !host.is_empty() => Ok(Self(text.to_owned())),
            _ => Err("names no host"),
        }
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, query) = self.0.split_once('?').map_or((self.0.as_str(), None), |(address, query)| (address, Some(query)));
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => write!(formatter, "{scheme}://{MASK}@{host}{path}")?,
            None => write!(formatter, "{scheme}://{authority}{path}")?,
        }
        let Some(query) = query else { return Ok(()) };
        for (at, pair) in query.split('&').enumerate() {
            let before = if at == 0 { '?' } else { '&' };
            match pair.split_once('=') {
                Some((name, _)) => write!(formatter, "{before}{name}={MASK}")?,
                None => write!(formatter, "{before}{MASK}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

super::as_text!(ServiceUrl, "a URL such as https://api.example/v1/embeddings", "^[Hh][Tt][Tt][Pp][Ss]?://");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_keys_may_be_there_is_a_mask() {
        for (text, shown) in [
            ("https://api.example", "https://api.example"),
            ("http://e:8080/v1/embeddings", "http://e:8080/v1/embeddings"),
            ("https://e/v1/embeddings?key=sesame", "https://e/v1/embeddings?key=********"),
            ("https://e/?version=2&key=sesame&sesame", "https://e/?version=********&key=********&********"),
            ("https://ann:sesame@e:1/x@y?z=1", "https://********@e:1/x@y?z=********"),
            ("https://sesame@e", "https://********@e"),
        ] {
            let url: ServiceUrl = text.parse().expect(text);
            assert_eq!((url.to_string().as_str(), format!("{url:?}").as_str(), url.expose()), (shown, shown, text));
            assert_eq!(shown.parse::<ServiceUrl>().expect("what is printed is read again").to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_being_repeated() {
        for text in ["", "sesame", "ftp://sesame@e", "http://", "https:///sesame", "http://se same"] {
            let fault = text.parse::<ServiceUrl>().expect_err(text);
            assert!(!fault.contains("sesame"), "{fault}");
        }
    }
}
