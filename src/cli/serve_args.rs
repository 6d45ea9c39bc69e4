//! The flags that set keys of the configuration; shared by `serve`, which runs it, and `check`, which judges it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::{DEFAULT_UPSTREAM, Override, Source};

/// Each flag overrides its key, wherever else it was set.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// The configuration file [default: config/pointsman.yaml if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "POINTSMAN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Qdrant's REST API (upstreams.default.rest_url)
    #[arg(long, global = true, value_name = "URL")]
    pub qdrant_url: Option<String>,
    /// Qdrant's gRPC API (upstreams.default.grpc_url) [default: the host of the REST API, port 6334]
    #[arg(long, global = true, value_name = "URL")]
    pub qdrant_grpc_url: Option<String>,
    /// Where applications reach the REST API (listen.rest)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub rest_addr: Option<SocketAddr>,
    /// Where applications reach the gRPC API (listen.grpc)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub grpc_addr: Option<SocketAddr>,
    /// Where operators reach the admin API (listen.admin)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub admin_addr: Option<SocketAddr>,
    /// Where what operators made survives a restart (store.url)
    #[arg(long, global = true, value_name = "URL")]
    pub store_url: Option<String>,
    /// Threads that serve requests, 0 for one a core (workers)
    #[arg(long, global = true, value_name = "COUNT")]
    pub workers: Option<usize>,
}

impl ServeArgs {
    /// Where the configuration comes from when these flags were given.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::of_process(self.config.clone(), self.overrides())
    }

    fn overrides(&self) -> Vec<Override> {
        let address = |address: &Option<SocketAddr>| address.map(|address| address.to_string());
        let flags: [(&'static str, &'static [&'static str], Option<String>); 7] = [
            ("--qdrant-url", &["upstreams", DEFAULT_UPSTREAM, "rest_url"], self.qdrant_url.clone()),
            ("--qdrant-grpc-url", &["upstreams", DEFAULT_UPSTREAM, "grpc_url"], self.qdrant_grpc_url.clone()),
            ("--rest-addr", &["listen", "rest"], address(&self.rest_addr)),
            ("--grpc-addr", &["listen", "grpc"], address(&self.grpc_addr)),
            ("--admin-addr", &["listen", "admin"], address(&self.admin_addr)),
            ("--store-url", &["store", "url"], self.store_url.clone()),
            ("--workers", &["workers"], self.workers.map(|count| count.to_string())),
        ];
        flags.into_iter().filter_map(|(flag, keys, value)| Some(Override { flag, keys, value: value? })).collect()
    }
}
