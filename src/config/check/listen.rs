//! `listen` and `workers`.

use std::net::SocketAddr;

use super::{Faults, Purpose};
use crate::config::{Config, Period, Size};

/// What to do about an admin port that other machines reach, and that demands nothing of them.
fn admin_without_token(address: SocketAddr) -> String {
    format!(
        "{address} is open to other machines, which could then change every route: set `admin.token` (in the environment \
         POINTSMAN__ADMIN__TOKEN), or listen on 127.0.0.1:{}",
        address.port()
    )
}

const MAX_WORKERS: usize = 1024;

pub(super) fn check(config: &Config, purpose: Purpose, faults: &mut Faults) {
    let listen = &config.listen;
    faults.range("workers", &config.workers, &(0..=MAX_WORKERS));
    faults.range("listen.head_timeout", &listen.head_timeout, &(Period::from_millis(100)..=Period::from_secs(3600)));
    // Below 8 KiB hyper's own buffer would not hold a head; above 1 MiB a head is an attack.
    faults.range("listen.max_head_bytes", &listen.max_head_bytes, &(Size::from_kib(8)..=Size::from_mib(1)));
    faults.range("listen.max_connections", &listen.max_connections, &(1..=10_000_000));
    let ports = [("listen.rest", listen.rest), ("listen.grpc", listen.grpc), ("listen.admin", listen.admin)];
    for (place, (key, address)) in ports.iter().enumerate() {
        let taken = |other: &SocketAddr| {
            address.port() != 0
                && other.port() == address.port()
                && (other.ip() == address.ip() || other.ip().is_unspecified() || address.ip().is_unspecified())
        };
        if let Some((other, _)) = ports[..place].iter().find(|(_, other)| taken(other)) {
            faults.at(key, format!("{address} is taken by `{other}`"));
        }
    }
    if purpose == Purpose::Serve && listen.admin_is_open() && config.admin.token.is_none() {
        faults.at("listen.admin", admin_without_token(listen.admin));
    }
    if let Some(tls) = &listen.tls {
        for (key, file) in [("listen.tls.cert_file", &tls.cert_file), ("listen.tls.key_file", &tls.key_file)] {
            if file.as_os_str().is_empty() {
                faults.at(key, "is empty: name a PEM file");
            }
        }
    }
}
