//! Whether an upstream is there, which release it is, and whether it takes requests.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::client::{Asked, operation};
use super::failure::{Code, FailureKind};
use super::{Client, Failure};

/// A release of Qdrant, as far as behaviour depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    pub major: u32,
    pub minor: u32,
}

impl Release {
    /// The first that knows `update_mode`.
    pub const WITH_INSERT_ONLY: Self = Self { major: 1, minor: 17 };

    /// From `1.18.2` or `1.19.0-dev`.
    #[must_use]
    pub fn parse(version: &str) -> Option<Self> {
        let mut parts = version.split('.');
        Some(Self { major: parts.next()?.parse().ok()?, minor: parts.next()?.parse().ok()? })
    }
}

impl Client {
    /// What the upstream says it is, such as `1.18.2`.
    ///
    /// # Errors
    /// When it does not answer, or not as Qdrant does.
    pub async fn version(&self) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Root {
            version: String,
        }
        let operation = operation(&Method::GET, "/");
        let asked = Asked::new(Method::GET, "/");
        let answer = self.send(asked, &operation, self.timeout()).await?;
        // The one answer without an envelope.
        let text = self.read(answer, &operation, self.timeout()).await?;
        let root: Result<Root, _> = serde_json::from_slice(&text);
        root.map(|root| root.version).map_err(|error| self.failed(&operation, FailureKind::Unreadable(error.to_string())))
    }

    /// Whether the node takes requests. It says yes for ever once it has; whether it answers at all is the news.
    ///
    /// # Errors
    /// When there is no answer, or one that is neither yes nor no.
    pub async fn is_ready(&self) -> Result<bool, Failure> {
        let operation = operation(&Method::GET, "/readyz");
        let asked = Asked::new(Method::GET, "/readyz");
        match self.send(asked, &operation, self.timeout()).await {
            Ok(_) => Ok(true),
            Err(Failure { kind: FailureKind::Refused { code: Code::Http(StatusCode::SERVICE_UNAVAILABLE), .. }, .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn releases_are_read_and_ordered() {
        let release = |text: &str| Release::parse(text).expect("a release");
        assert!(release("1.16.3") < Release::WITH_INSERT_ONLY);
        assert!(release("1.17.0") >= Release::WITH_INSERT_ONLY);
        assert!(release("2.0.0-dev") > release("1.99.9"));
        assert_eq!(Release::parse("dev"), None);
    }
}
