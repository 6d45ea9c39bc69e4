//! Addresses to listen on.

use std::net::SocketAddr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads `ADDRESS:PORT`, with words for the likeliest mistake: a host name, or a port alone.
pub(in crate::config) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not an IP address and a port, such as 0.0.0.0:7333 or [::1]:7333")))
}
