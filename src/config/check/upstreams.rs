//! `upstreams`.

use http::HeaderValue;

use super::Faults;
use crate::config::path::Path;
use crate::config::{Config, Credentials, DEFAULT_UPSTREAM, Secret, UpstreamConfig};

const MAX_NAME: usize = 64;

pub(super) fn check(config: &Config, faults: &mut Faults) {
    if !config.upstreams.contains_key(DEFAULT_UPSTREAM) {
        faults.0.push((Path::of("upstreams").key(DEFAULT_UPSTREAM), "is missing: its aliases are the names applications use".into()));
    }
    for (name, upstream) in &config.upstreams {
        let at = Path::of("upstreams").key(name);
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(legal) {
            faults.0.push((at.clone(), format!("a name has 1 to {MAX_NAME} of A-Z a-z 0-9 _ -")));
        }
        check_one(upstream, &at, faults);
    }
}

fn check_one(upstream: &UpstreamConfig, at: &Path, faults: &mut Faults) {
    let mut fault = |key: &str, reason: &str| faults.0.push((at.key(key), reason.into()));
    match (&upstream.api_key, upstream.credentials) {
        (None, Credentials::Replace) => fault("credentials", "`replace` needs an `api_key` to put in place of the application's"),
        (Some(key), _) if !is_header_value(key) => fault("api_key", "must be visible ASCII, and not empty: it travels in a header"),
        _ => {}
    }
    if !(1..=64).contains(&upstream.grpc_connections) {
        fault("grpc_connections", "must be between 1 and 64");
    }
    if upstream.ca_file.is_some() && !upstream.rest_url.is_https() && !upstream.grpc_url.is_https() {
        fault("ca_file", "is never used: neither URL begins with https://");
    }
}

/// Whether the text can travel in a header. Blanks at either end would be lost on the way.
pub(super) fn is_header_value(secret: &Secret) -> bool {
    let text = secret.expose();
    !text.is_empty() && text.trim() == text && text.is_ascii() && HeaderValue::from_str(text).is_ok()
}
