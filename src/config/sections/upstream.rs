//! `upstreams`: the Qdrant deployments behind Pointsman.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Secret, UpstreamUrl};

/// Where Qdrant listens unless told otherwise.
pub(in crate::config) const QDRANT_HOST: &str = "http://127.0.0.1";
pub(in crate::config) const QDRANT_REST_PORT: u16 = 6333;
pub(in crate::config) const QDRANT_GRPC_PORT: u16 = 6334;

const GRPC_CONNECTIONS: usize = 1;

/// One Qdrant deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Its REST API, below a path where the URL has one; default: the host of `grpc_url` at port 6333. The upstream `default` may leave out both, and is then
    /// the Qdrant on this machine, `http://127.0.0.1:6333`.
    #[schemars(with = "Option<UpstreamUrl>")]
    pub rest_url: UpstreamUrl,
    /// Its gRPC API; default: the host of `rest_url` at port 6334.
    #[schemars(with = "Option<UpstreamUrl>")]
    pub grpc_url: UpstreamUrl,
    /// The key Pointsman itself uses, such as to list the aliases; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// The certificate authorities (PEM) an https upstream is trusted by; default: those of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whose key applications' requests carry; default `pass`.
    #[serde(default)]
    pub credentials: Credentials,
    /// HTTP/2 connections that each worker has to `grpc_url` in the least; default 1. More are opened while each has 64
    /// calls on it, or one that waits to send, up to 8 or this number. More spread large streams over more of Qdrant's
    /// threads, and cost a socket each and CPU time for each call.
    #[serde(default = "grpc_connections")]
    pub grpc_connections: usize,
}

/// Whose key the requests of applications carry when they go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// The application's own: Qdrant decides what it may do.
    #[default]
    Pass,
    /// `api_key`, instead of what the application sent: every client of Pointsman may do what that key allows.
    Replace,
}

impl UpstreamConfig {
    /// A Qdrant on this machine, as it comes.
    pub(in crate::config) fn local() -> Self {
        let host: UpstreamUrl = QDRANT_HOST.parse().expect("a legal URL, as the tests of the default configuration show");
        Self {
            rest_url: host.with_port(QDRANT_REST_PORT),
            grpc_url: host.with_port(QDRANT_GRPC_PORT),
            api_key: None,
            ca_file: None,
            credentials: Credentials::default(),
            grpc_connections: GRPC_CONNECTIONS,
        }
    }
}

fn grpc_connections() -> usize {
    GRPC_CONNECTIONS
}
