//! The three ports of `serve`: which key and flag each has, and what to do where one cannot be had.
//!
//! `serve` puts the advice behind its error, `check --connect` into its table.

use std::io;
use std::net::SocketAddr;

use super::owner;
use crate::config::ListenConfig;

/// A port that `serve` listens on.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Port {
    pub(in crate::cli) name: &'static str,
    pub(in crate::cli) key: &'static str,
    pub(in crate::cli) flag: &'static str,
    pub(in crate::cli) address: SocketAddr,
}

impl Port {
    pub(in crate::cli) fn all(listen: &ListenConfig) -> [Self; 3] {
        [
            Self { name: "REST port", key: "listen.rest", flag: "--rest-addr", address: listen.rest },
            Self { name: "gRPC port", key: "listen.grpc", flag: "--grpc-addr", address: listen.grpc },
            Self { name: "admin port", key: "listen.admin", flag: "--admin-addr", address: listen.admin },
        ]
    }

    /// What the operator can do where the system answered `error`.
    pub(in crate::cli) fn advice(&self, error: &io::Error) -> String {
        let Self { key, flag, address, .. } = self;
        match error.kind() {
            io::ErrorKind::AddrInUse => match owner::of(*address) {
                Some(owner) => format!("{owner} has the port: stop it, or choose another port with {flag} ({key})"),
                None => format!("another process has the port: stop it, or choose another port with {flag} ({key})"),
            },
            io::ErrorKind::PermissionDenied => {
                format!(
                    "the system reserves ports below 1024: choose a higher one with {flag} ({key}), or give the process CAP_NET_BIND_SERVICE"
                )
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no address {}: choose one of its own, or 0.0.0.0, with {flag} ({key})", address.ip())
            }
            _ => format!("choose another address with {flag} ({key})"),
        }
    }
}
