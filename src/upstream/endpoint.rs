//! One Qdrant server or cluster: its endpoints and credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::AUTHORIZATION;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Uri};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use super::prefix::{Prefix, TargetFault};

/// What a request that goes to this upstream carries as its key.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The client's own key.
    Pass,
    /// This key, instead of the client's.
    Replace(HeaderValue),
}

#[derive(Debug)]
pub struct Upstream {
    /// Unique to this definition in this process. Connection pools use it as their key, so they survive table changes.
    pub id: u64,
    pub name: Box<str>,
    pub rest: Endpoint,
    pub grpc: Endpoint,
    pub credentials: Credentials,
    /// The minimum number of HTTP/2 connections per worker.
    pub grpc_connections: usize,
}

impl Credentials {
    /// Replaces the client's credentials.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        if let Self::Replace(key) = self {
            headers.remove(AUTHORIZATION);
            headers.insert("api-key", key.clone());
        }
    }
}

impl Upstream {
    /// A number that no other upstream of this process has had.
    #[must_use]
    pub fn next_id() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

/// The protocol of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Offered in a TLS handshake without ALPN, so that no server answers in HTTP/2.
    Http1,
    Http2,
}

/// The address of one protocol of an upstream.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub host: Box<str>,
    pub port: u16,
    /// `host:port` as sent in `Host` and `:authority`.
    pub authority: Authority,
    /// The path that its API is below.
    pub prefix: Prefix,
    /// Made for what is spoken here, so that opening a connection copies nothing.
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// Why a URL cannot be used as an endpoint.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EndpointFault {
    #[error("`{0}` is not a URL: {1}")]
    NotAUrl(String, String),
    #[error("`{0}` must begin with http:// or https://")]
    Scheme(String),
    #[error("`{0}` names no host")]
    NoHost(String),
    #[error("`{0}` has a query")]
    Query(String),
}

impl Speaks {
    fn offered(self, tls: &Arc<ClientConfig>) -> Arc<ClientConfig> {
        match self {
            Self::Http1 => Arc::clone(tls),
            Self::Http2 => {
                let mut tls = ClientConfig::clone(tls);
                tls.alpn_protocols = vec![b"h2".to_vec()];
                Arc::new(tls)
            }
        }
    }
}

impl std::fmt::Display for Endpoint {
    /// `host:port`, and the path behind it if there is one.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}", self.authority, self.prefix)
    }
}

impl Endpoint {
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP }
    }

    /// Where its API begins, without a slash behind the prefix: clients that are given it put paths behind it.
    ///
    /// # Errors
    /// When the prefix is no path.
    pub(crate) fn root(&self) -> Result<Uri, TargetFault> {
        let path = if self.prefix.as_str().is_empty() { "/" } else { self.prefix.as_str() };
        let uri = Uri::builder().scheme(self.scheme()).authority(self.authority.clone()).path_and_query(path).build();
        uri.map_err(|error| TargetFault::Path(error.to_string()))
    }

    /// Where a request with this path goes.
    ///
    /// # Errors
    /// When the path would lead out of the upstream's prefix.
    pub(crate) fn uri(&self, path: PathAndQuery) -> Result<Uri, TargetFault> {
        let path = self.prefix.join(path)?;
        let uri = Uri::builder().scheme(self.scheme()).authority(self.authority.clone()).path_and_query(path).build();
        uri.map_err(|error| TargetFault::Path(error.to_string()))
    }

    /// Parses `http(s)://host[:port][/path]`; `tls` is used for https.
    ///
    /// # Errors
    /// When the URL is malformed, has another scheme, or a query.
    pub fn parse(url: &str, default_port: u16, tls: &Arc<ClientConfig>, speaks: Speaks) -> Result<Self, EndpointFault> {
        let uri: Uri = url.parse().map_err(|error: http::uri::InvalidUri| EndpointFault::NotAUrl(url.into(), error.to_string()))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(EndpointFault::Scheme(url.into())),
        };
        if uri.query().is_some() {
            return Err(EndpointFault::Query(url.into()));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| EndpointFault::NoHost(url.into()))?;
        let port = uri.port_u16().unwrap_or(default_port);
        let authority = Authority::try_from(format!("{host}:{port}"));
        let authority = authority.map_err(|error| EndpointFault::NotAUrl(url.into(), error.to_string()))?;
        // In a URL an IPv6 address is in brackets; the resolver and TLS need it without.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = || ServerName::try_from(bare.to_owned()).map_err(|error| EndpointFault::NotAUrl(url.into(), error.to_string()));
        let tls = if secure { Some((speaks.offered(tls), name()?)) } else { None };
        Ok(Self { host: bare.into(), port, authority, prefix: Prefix::of(uri.path()), tls })
    }
}
