//! The head of a client's request, from the bytes that came to the bytes that go on: they are one request, which ends where
//! the client's own ended. The first byte chooses the method.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use pointsman::proxy::parse::forwarded_head;

#[path = "../../tests/support/strict_head.rs"]
mod strict_head;

use strict_head::{Framing, framing, head_of};

pub fn request_head(data: &[u8]) {
    let [method, wire @ ..] = data else { return };
    let method = [Method::GET, Method::POST, Method::PUT, Method::DELETE][usize::from(*method) % 4].clone();
    let Some(headers) = headers(wire) else { return };
    // What the server below reads the body by.
    let length = match (headers.get(TRANSFER_ENCODING), headers.get(CONTENT_LENGTH)) {
        (Some(_), _) => None,
        (None, None) => Some(0),
        (None, Some(length)) => match length.to_str().ok().and_then(|length| length.parse().ok()) {
            Some(length) => Some(length),
            None => return,
        },
    };
    let Some(head) = forwarded_head(&method, "/collections/docs", &headers, length) else { return };
    let text = head.strip_suffix(b"\r\n\r\n").expect("the head ends in an empty line");
    assert!(!text.windows(4).any(|window| window == b"\r\n\r\n"), "the head ends twice");
    let (target, forwarded) = head_of(text).unwrap_or_else(|fault| panic!("{fault} in {:?}", String::from_utf8_lossy(text)));
    assert_eq!(target, "/collections/docs");
    let expected = match length {
        None => Framing::Chunked,
        Some(0) if method == Method::GET || method == Method::DELETE => {
            if headers.contains_key(CONTENT_LENGTH) {
                Framing::Length(0)
            } else {
                Framing::Nothing
            }
        }
        Some(length) => Framing::Length(usize::try_from(length).expect("64 bits")),
    };
    assert_eq!(framing(&forwarded), Ok(expected), "{:?}", String::from_utf8_lossy(text));
    let alone = |name: &str| forwarded.iter().filter(|(known, _)| known == name).count() <= 1;
    assert!(alone("cookie") && alone("forwarded") && alone("x-forwarded-for"), "{forwarded:?}");
    for ends_here in ["connection", "keep-alive", "te", "upgrade", "x-pointsman-variant"] {
        assert!(!forwarded.iter().any(|(name, _)| name == ends_here), "`{ends_here}` went on");
    }
}

/// The header lines, as the server hands them over.
fn headers(wire: &[u8]) -> Option<HeaderMap> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let httparse::Status::Complete((_, parsed)) = httparse::parse_headers(wire, &mut slots).ok()? else { return None };
    let mut headers = HeaderMap::new();
    for header in parsed {
        headers.append(HeaderName::from_bytes(header.name.as_bytes()).ok()?, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some(headers)
}
