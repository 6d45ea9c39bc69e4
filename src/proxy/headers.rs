//! Which headers are forwarded, removed or added.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// The prefix of Pointsman's own headers. Requests must not contain any, because they could fake a decision.
pub(super) const INTERNAL: &str = "x-pointsman-";

/// What many clients and load balancers name a request by.
pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
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

/// The hop-by-hop headers of one message.
#[derive(Clone, Debug, Default)]
pub(super) struct HopByHop {
    /// The headers that `Connection` names in addition to the standard ones, and others that must not be forwarded.
    named: SmallVec<[HeaderName; 2]>,
}

/// Clients name one or two headers in `Connection`. Each name is compared with each header, so their number is bounded.
const MAX_CONNECTION_OPTIONS: usize = 16;

/// Why a `Connection` header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadConnection {
    #[error("the header `connection` lists more than {MAX_CONNECTION_OPTIONS} options")]
    TooMany,
    #[error("the header `connection` has an option that is not a header's name")]
    NotAName,
    #[error("the header `connection` names `{0}`, which concerns the whole way of a message and not one connection")]
    EndToEnd(&'static str),
}

impl HopByHop {
    /// # Errors
    /// When `Connection` names a header that must not be dropped on the way. Dropping `content-length` would change where
    /// the message ends; dropping `api-key` or `host` would change its sender or receiver.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, BadConnection> {
        let mut this = Self::default();
        let mut options = 0;
        for value in headers.get_all(header::CONNECTION) {
            this.add(value.as_bytes(), &mut options)?;
        }
        Ok(this)
    }

    /// Removes the headers that `Connection` named from a message.
    pub(super) fn take_out_of(&self, headers: &mut HeaderMap) {
        for name in &self.named {
            headers.remove(name);
        }
    }

    /// Parses one line of `Connection`; `options` counts those of all lines.
    pub(super) fn add(&mut self, value: &[u8], options: &mut usize) -> Result<(), BadConnection> {
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|option| !option.is_empty()) {
            *options += 1;
            if *options > MAX_CONNECTION_OPTIONS {
                return Err(BadConnection::TooMany);
            }
            let name = HeaderName::from_bytes(option).map_err(|_| BadConnection::NotAName)?;
            if let Some(name) = end_to_end(&name) {
                return Err(BadConnection::EndToEnd(name));
            }
            if !Self::is_standard(&name) {
                self.named.push(name);
            }
        }
        Ok(())
    }

    /// Whether a header was named in `Connection`.
    pub(super) fn is_named(&self, name: &HeaderName) -> bool {
        self.named.contains(name)
    }

    /// Also removes this header.
    pub(super) fn withhold(&mut self, name: HeaderName) {
        self.named.push(name);
    }

    /// Whether a request header is removed. Forwarding headers are too: they are written again with the client added.
    pub(super) fn drops(&self, name: &HeaderName) -> bool {
        Self::is_standard(name)
            || name == header::HOST
            || name == header::EXPECT
            || name == FORWARDED
            || name == X_FORWARDED_FOR
            || name.as_str().starts_with(INTERNAL)
            || self.is_named(name)
    }

    /// Whether a header is hop-by-hop by definition.
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

    /// Removes hop-by-hop headers from headers that are forwarded as a map (HTTP/2). `te: trailers` stays: gRPC needs it.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        let doomed: SmallVec<[HeaderName; 4]> = headers.keys().filter(|name| *name != header::TE && self.drops(name)).cloned().collect();
        for name in &doomed {
            headers.remove(name);
        }
    }
}

/// End-to-end headers, which must not be dropped because a `Connection` header says so: those that frame and describe the
/// content, that name sender and receiver, and that Pointsman itself writes. RFC 9110, section 7.6.1 forbids senders to list
/// them.
const END_TO_END: &[&str] = &[
    "accept",
    "accept-encoding",
    "api-key",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "forwarded",
    "grpc-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-timeout",
    "host",
    "set-cookie",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

fn end_to_end(name: &HeaderName) -> Option<&'static str> {
    if name.as_str().starts_with(INTERNAL) {
        return Some("x-pointsman-*");
    }
    END_TO_END.iter().find(|known| name == **known).copied()
}

/// Removes Pointsman's own headers from answers: an upstream must not fake a variant or a decision.
pub(super) fn strip_internal(headers: &mut HeaderMap) {
    let forged: SmallVec<[HeaderName; 2]> = headers.keys().filter(|name| name.as_str().starts_with(INTERNAL)).cloned().collect();
    for name in &forged {
        headers.remove(name);
    }
}

/// The client's address in the two header notations. Made once per connection.
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

    /// Writes both headers; what the client sent comes first.
    pub(super) fn write(&self, headers: &HeaderMap, mut out: impl FnMut(&str, &[u8])) {
        for (name, own) in [(&X_FORWARDED_FOR, &self.address), (&FORWARDED, &self.element)] {
            match headers.contains_key(name) {
                false => out(name.as_str(), own.as_bytes()),
                true => out(name.as_str(), &self.appended(headers, name, own)),
            }
        }
    }

    /// Both headers as values; what the client sent comes first.
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
