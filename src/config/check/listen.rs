//! `listen` and `workers`.

use super::Faults;
use crate::config::{Config, Period, Size};

const MAX_WORKERS: usize = 1024;

pub(super) fn check(config: &Config, faults: &mut Faults) {
    let listen = &config.listen;
    faults.range("workers", &config.workers, &(0..=MAX_WORKERS));
    faults.range("listen.head_timeout", &listen.head_timeout, &(Period::from_millis(100)..=Period::from_secs(3600)));
    // Below 8 KiB hyper's own buffer would not hold a head; above 1 MiB a head is an attack.
    faults.range("listen.max_head_bytes", &listen.max_head_bytes, &(Size::from_kib(8)..=Size::from_mib(1)));
    faults.range("listen.max_connections", &listen.max_connections, &(1..=10_000_000));
    let ports = [("listen.rest", listen.rest), ("listen.grpc", listen.grpc), ("listen.admin", listen.admin)];
    for (place, (key, address)) in ports.iter().enumerate() {
        let taken = |other: &std::net::SocketAddr| {
            address.port() != 0
                && other.port() == address.port()
                && (other.ip() == address.ip() || other.ip().is_unspecified() || address.ip().is_unspecified())
        };
        if let Some((other, _)) = ports[..place].iter().find(|(_, other)| taken(other)) {
            faults.at(key, format!("{address} is taken by `{other}`"));
        }
    }
    if let Some(tls) = &listen.tls {
        for (key, file) in [("listen.tls.cert_file", &tls.cert_file), ("listen.tls.key_file", &tls.key_file)] {
            if file.as_os_str().is_empty() {
                faults.at(key, "is empty: name a PEM file");
            }
        }
    }
}
