//! Which headers go on, which end here, and which are added.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// Pointsman's own headers begin with this; requests must not bring any (they could pretend a decision).
pub(super) const INTERNAL: &str = "x-pointsman-";

pub(super) static VARIANT: HeaderName = HeaderName::from_static("x-pointsman-variant");
pub(super) static DECISION: HeaderName = HeaderName::from_static("x-pointsman-decision");
pub(super) static FALLBACK: HeaderName = HeaderName::from_static("x-pointsman-fallback");
pub(super) static ERROR: HeaderName = HeaderName::from_static("x-pointsman-error");
pub(super) static STALE: HeaderName = HeaderName::from_static("x-pointsman-stale");

static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
static PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
static HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
static FORWARDED: HeaderName = HeaderName::from_static("forwarded");
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The headers of one request that concern only the connection it came over.
#[derive(Debug, Default)]
pub(super) struct HopByHop {
    /// Those the `Connection` header names besides the standard ones, and what else is not to go on.
    named: SmallVec<[HeaderName; 2]>,
}

impl HopByHop {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut named = SmallVec::new();
        for value in headers.get_all(header::CONNECTION) {
            let tokens = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            named.extend(tokens.filter_map(|token| HeaderName::from_bytes(token).ok()).filter(|name| !Self::is_standard(name)));
        }
        Self { named }
    }

    /// This one is not to go on either.
    pub(super) fn withhold(&mut self, name: HeaderName) {
        self.named.push(name);
    }

    /// Whether a request header ends here. Forwarding headers do too: they are written anew with ours added.
    pub(super) fn drops(&self, name: &HeaderName) -> bool {
        Self::is_standard(name)
            || name == header::HOST
            || name == header::EXPECT
            || name == FORWARDED
            || name == X_FORWARDED_FOR
            || name.as_str().starts_with(INTERNAL)
            || self.named.contains(name)
    }

    pub(super) fn is_standard(name: &HeaderName) -> bool {
        name == header::CONNECTION
            || name == header::TRANSFER_ENCODING
            || name == header::TE
            || name == header::UPGRADE
            || name == header::TRAILER
            || name == KEEP_ALIVE
            || name == PROXY_CONNECTION
            || name == HTTP2_SETTINGS
    }

    /// Drops them from headers that are sent on as a map (HTTP/2). `te: trailers` stays: gRPC wants it.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        let doomed: SmallVec<[HeaderName; 4]> = headers.keys().filter(|name| *name != header::TE && self.drops(name)).cloned().collect();
        for name in &doomed {
            headers.remove(name);
        }
    }
}

/// Who sent the request, in the two notations there are. Made once per connection.
#[derive(Clone, Debug)]
pub(super) struct Forwarding {
    address: HeaderValue,
    element: HeaderValue,
}

impl Forwarding {
    pub(super) fn new(client: IpAddr, tls: bool) -> Self {
        let proto = if tls { "https" } else { "http" };
        let element = match client {
            IpAddr::V4(address) => format!("for={address};proto={proto}"),
            IpAddr::V6(address) => format!("for=\"[{address}]\";proto={proto}"),
        };
        let text = |text: String| HeaderValue::try_from(text).expect("addresses are printable");
        Self { address: text(client.to_string()), element: text(element) }
    }

    /// Hands out both headers, what the client sent first.
    pub(super) fn write(&self, headers: &HeaderMap, mut out: impl FnMut(&str, &[u8])) {
        for (name, own) in [(&X_FORWARDED_FOR, &self.address), (&FORWARDED, &self.element)] {
            match headers.contains_key(name) {
                false => out(name.as_str(), own.as_bytes()),
                true => out(name.as_str(), &self.appended(headers, name, own)),
            }
        }
    }

    /// Both headers as values, what the client sent first.
    pub(super) fn values(&self, headers: &HeaderMap) -> [(HeaderName, HeaderValue); 2] {
        [(&X_FORWARDED_FOR, &self.address), (&FORWARDED, &self.element)].map(|(name, own)| {
            let joined = if headers.contains_key(name) { HeaderValue::from_bytes(&self.appended(headers, name, own)).ok() } else { None };
            (name.clone(), joined.unwrap_or_else(|| own.clone()))
        })
    }

    fn appended(&self, headers: &HeaderMap, name: &HeaderName, own: &HeaderValue) -> Vec<u8> {
        let mut list = Vec::with_capacity(64);
        for value in headers.get_all(name) {
            list.extend_from_slice(value.as_bytes());
            list.extend_from_slice(b", ");
        }
        list.extend_from_slice(own.as_bytes());
        list
    }
}
