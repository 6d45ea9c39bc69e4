//! Where events are sent to.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::secret::MASK;

/// An http or https URL. Printed without its path and query: those of a chat's webhook are its password.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    text: String,
    /// Scheme, host and port.
    origin: String,
}

/// Why a text is not a [`WebhookUrl`]. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlFault {
    #[error("is not a URL such as https://hooks.example/pointsman")]
    Malformed,
    #[error("must begin with http:// or https://")]
    Scheme,
    #[error("carries a user name or password; send an `authorization` header instead")]
    UserInfo,
}

impl WebhookUrl {
    /// The whole of it, for the one place that sends something there.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What may be shown: scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl FromStr for WebhookUrl {
    type Err = WebhookUrlFault;

    fn from_str(text: &str) -> Result<Self, WebhookUrlFault> {
        let uri: Uri = text.parse().map_err(|_| WebhookUrlFault::Malformed)?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or(WebhookUrlFault::Scheme)?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or(WebhookUrlFault::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(WebhookUrlFault::UserInfo);
        }
        if authority.as_str().len() > authority.host().len() && authority.port_u16().is_none() {
            return Err(WebhookUrlFault::Malformed);
        }
        Ok(Self { text: text.to_owned(), origin: format!("{scheme}://{authority}") })
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{MASK}", self.origin)
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

super::as_text!(WebhookUrl, "a URL such as https://hooks.example/pointsman", "^[Hh][Tt][Tt][Pp][Ss]?://");
