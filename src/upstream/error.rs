//! Why a connection could not be opened: the address, the step, the reason, and whether another try can help.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;

use super::endpoint::Endpoint;
use super::trust;

/// A connection that could not be opened. No byte of any request was sent. Cheap to clone: every caller that waited for the
/// same attempt gets the same error.
#[derive(Clone, Debug)]
pub struct ConnectError(Arc<Failed>);

#[derive(Debug)]
struct Failed {
    authority: Authority,
    stage: Stage,
    cause: ConnectCause,
}

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Resolve,
    Tcp,
    Tls,
    /// The exchange of HTTP/2 settings.
    Http2,
}

#[derive(Debug)]
pub enum ConnectCause {
    /// Longer than `timeouts.connect`.
    TimedOut(Duration),
    Io(io::Error),
    Tls(rustls::Error),
    Http2(h2::Error),
    /// The upstream closed the connection before it sent anything.
    Closed,
    /// The runtime stopped while the connection was being opened.
    Abandoned,
}

impl ConnectCause {
    /// TLS errors are wrapped in those of the socket.
    pub(super) fn of_tls(error: io::Error) -> Self {
        match error.downcast::<rustls::Error>() {
            Ok(error) => Self::Tls(error),
            Err(error) => Self::Io(error),
        }
    }
}

impl ConnectError {
    pub(super) fn new(endpoint: &Endpoint, stage: Stage, cause: ConnectCause) -> Self {
        Self(Arc::new(Failed { authority: endpoint.authority.clone(), stage, cause }))
    }

    #[must_use]
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// Whether both describe the same attempt.
    #[cfg(test)]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    #[must_use]
    pub fn cause(&self) -> &ConnectCause {
        &self.0.cause
    }

    /// The upstream's host refused the connection, because no process listens on the port: the usual sign of a restart.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(&self.0.cause, ConnectCause::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }

    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.cause, ConnectCause::TimedOut(_))
    }

    /// Whether waiting is useless: a certificate that is not trusted now will not be trusted in a second.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self.0.cause, ConnectCause::Tls(rustls::Error::InvalidCertificate(_) | rustls::Error::NoApplicationProtocol))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failed { authority, stage, cause } = &*self.0;
        write!(f, "{authority}: ")?;
        match (cause, stage) {
            (ConnectCause::TimedOut(limit), Stage::Resolve) => write!(f, "the name was not resolved within {limit:?} (timeouts.connect)"),
            (ConnectCause::TimedOut(limit), Stage::Tcp) => write!(f, "no connection within {limit:?} (timeouts.connect)"),
            (ConnectCause::TimedOut(limit), Stage::Tls) => write!(f, "no TLS handshake within {limit:?} (timeouts.connect)"),
            (ConnectCause::TimedOut(limit), Stage::Http2) => write!(f, "no HTTP/2 settings within {limit:?} (timeouts.connect)"),
            (ConnectCause::Io(error), Stage::Resolve) => write!(f, "the name cannot be resolved: {error}"),
            (ConnectCause::Io(error), Stage::Tcp) => write!(f, "{error}"),
            (ConnectCause::Io(error), Stage::Tls) => write!(f, "no TLS: {error}"),
            (ConnectCause::Io(error), Stage::Http2) => write!(f, "no HTTP/2: {error}"),
            (ConnectCause::Tls(error), _) => trust::explain(error, f),
            (ConnectCause::Http2(error), _) => write!(f, "no HTTP/2: {error}"),
            (ConnectCause::Closed, _) => f.write_str("the connection was closed before HTTP/2 began"),
            (ConnectCause::Abandoned, _) => f.write_str("Pointsman is stopping"),
        }
    }
}

impl Error for ConnectError {
    /// The source of the cause; the cause itself is in the text.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            ConnectCause::Io(error) => error.source(),
            ConnectCause::Tls(error) => error.source(),
            ConnectCause::Http2(error) => error.source(),
            ConnectCause::TimedOut(_) | ConnectCause::Closed | ConnectCause::Abandoned => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn error(stage: Stage, cause: ConnectCause) -> ConnectError {
        ConnectError(Arc::new(Failed { authority: Authority::from_static("upstream:1"), stage, cause }))
    }

    pub(in crate::upstream) fn refused() -> ConnectError {
        error(Stage::Tcp, ConnectCause::Io(io::ErrorKind::ConnectionRefused.into()))
    }

    pub(in crate::upstream) fn untrusted() -> ConnectError {
        error(Stage::Tls, ConnectCause::Tls(rustls::CertificateError::UnknownIssuer.into()))
    }

    #[test]
    fn every_step_is_told_apart() {
        let late = |stage| error(stage, ConnectCause::TimedOut(Duration::from_secs(2))).to_string();
        let texts = [Stage::Resolve, Stage::Tcp, Stage::Tls, Stage::Http2].map(late);
        assert!(texts.iter().all(|text| text.starts_with("upstream:1: ") && text.ends_with("within 2s (timeouts.connect)")), "{texts:?}");
        let different: std::collections::BTreeSet<_> = texts.iter().collect();
        assert_eq!(different.len(), texts.len());
    }

    #[test]
    fn only_what_waiting_cannot_mend_is_permanent() {
        assert!(untrusted().is_permanent() && !refused().is_permanent() && refused().is_refused());
    }
}
