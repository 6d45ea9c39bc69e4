//! `listen`: the ports, and what a connection must keep to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Period, Size, address};

/// Read once at the start: a change needs a restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct ListenConfig {
    /// Where applications reach Qdrant's REST API; default `0.0.0.0:7333`. Port 0 takes a free one.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub rest: SocketAddr,
    /// Where applications reach Qdrant's gRPC API; default `0.0.0.0:7334`.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub grpc: SocketAddr,
    /// Where operators reach the admin API; default `127.0.0.1:7335`. Any other than a loopback address needs
    /// `admin.token`.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub admin: SocketAddr,
    /// How long a client may take to send the head of a request, and how long an idle HTTP/1.1 connection is kept;
    /// default `30s`. Shorter frees connections sooner, and makes quiet clients connect again.
    pub head_timeout: Period,
    /// The longest head of a request, in total; default `64KiB`. Longer ones are answered 431.
    pub max_head_bytes: Size,
    /// Open client connections on both data ports together, one for each at least; default 20000. Further ones wait to be
    /// accepted.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_connections: usize,
    /// The certificate of the data ports; default none: they speak plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
}

/// A certificate to serve. Both files are PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate chain, the server's own first.
    pub cert_file: PathBuf,
    /// The private key of the first certificate.
    pub key_file: PathBuf,
}

impl ListenConfig {
    /// Whether other machines may reach the admin port.
    #[must_use]
    pub fn admin_is_open(&self) -> bool {
        !self.admin.ip().to_canonical().is_loopback()
    }
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            rest: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 7333)),
            grpc: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 7334)),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, 7335)),
            head_timeout: Period::from_secs(30),
            max_head_bytes: Size::from_kib(64),
            max_connections: 20_000,
            tls: None,
        }
    }
}
