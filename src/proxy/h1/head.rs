//! Heads: writes a request's head from the client's headers, and parses an answer's head.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, COOKIE, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::proxy::headers::{Forwarding, HopByHop, INTERNAL};
use crate::upstream::Credentials;

/// Qdrant sends about ten headers; a proxy in front of it may add as many again.
const MAX_HEADERS: usize = 96;

/// How a request's body is framed. Decided once, from how the client's body is read, and written only by
/// [`RequestHead::write`]: a client's own framing headers are never copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Framing {
    /// No body, and no framing header.
    None,
    /// This many bytes, as `content-length` says.
    Length(u64),
    Chunked,
}

impl Framing {
    /// The framing by how the client's body is read, independent of its headers: a known length, or chunked.
    pub(in crate::proxy) fn of(method: &Method, headers: &HeaderMap, length: Option<u64>) -> Self {
        // Servers expect a body with these methods, unless the head says that there is none.
        let promised = matches!(*method, Method::POST | Method::PUT | Method::PATCH) || headers.contains_key(CONTENT_LENGTH);
        match length {
            Some(0) if !promised => Self::None,
            Some(length) => Self::Length(length),
            None => Self::Chunked,
        }
    }
}

/// The parts of a request's head. Borrowed, so that it can be written any number of times.
pub(in crate::proxy) struct RequestHead<'r> {
    pub(in crate::proxy) method: &'r Method,
    /// What the upstream's API is below; empty for most.
    pub(in crate::proxy) prefix: &'r str,
    pub(in crate::proxy) target: &'r str,
    pub(in crate::proxy) headers: &'r HeaderMap,
    pub(in crate::proxy) hop_by_hop: &'r HopByHop,
    pub(in crate::proxy) forwarding: &'r Forwarding,
    pub(in crate::proxy) authority: &'r Authority,
    pub(in crate::proxy) credentials: &'r Credentials,
    pub(in crate::proxy) framing: Framing,
    /// The client waits until the upstream requests the body.
    pub(in crate::proxy) expectant: bool,
}

impl RequestHead<'_> {
    /// Writes the head. Hop-by-hop headers are left out; those about forwarding and framing are written here.
    pub(in crate::proxy) fn write(&self, out: &mut BytesMut) {
        out.reserve(512);
        out.put_slice(self.method.as_str().as_bytes());
        out.put_u8(b' ');
        out.put_slice(self.prefix.as_bytes());
        out.put_slice(self.target.as_bytes());
        out.put_slice(b" HTTP/1.1\r\nhost: ");
        out.put_slice(self.authority.as_str().as_bytes());
        out.put_slice(b"\r\n");
        for (name, value) in self.headers {
            if !self.hop_by_hop.drops(name) && !self.replaces(name) && name != COOKIE {
                line(out, name.as_str().as_bytes(), value.as_bytes());
            }
        }
        self.write_cookie(out);
        if let Credentials::Replace(key) = self.credentials {
            line(out, b"api-key", key.as_bytes());
        }
        self.forwarding.write(self.headers, |name, value| line(out, name.as_bytes(), value));
        match self.framing {
            Framing::None => {}
            Framing::Length(length) => line(out, b"content-length", length.to_string().as_bytes()),
            Framing::Chunked => out.put_slice(b"transfer-encoding: chunked\r\n"),
        }
        if self.expectant {
            out.put_slice(b"expect: 100-continue\r\n");
        }
        out.put_slice(b"\r\n");
    }

    /// HTTP/2 clients may send their cookies in several fields; over HTTP/1.1 they are one (RFC 9113, section 8.2.3).
    fn write_cookie(&self, out: &mut BytesMut) {
        let mut crumbs = self.headers.get_all(COOKIE).iter();
        let Some(first) = crumbs.next() else { return };
        out.put_slice(b"cookie: ");
        out.put_slice(first.as_bytes());
        for crumb in crumbs {
            out.put_slice(b"; ");
            out.put_slice(crumb.as_bytes());
        }
        out.put_slice(b"\r\n");
    }

    fn replaces(&self, name: &HeaderName) -> bool {
        name == CONTENT_LENGTH
            || (matches!(self.credentials, Credentials::Replace(_)) && (name == "api-key" || name == http::header::AUTHORIZATION))
    }
}

fn line(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

/// How an answer's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimited {
    Nothing,
    Length(u64),
    Chunked,
    /// Until the connection closes.
    Close,
}

/// An answer's head, without the headers that concern only the connection it came over.
#[derive(Debug)]
pub struct AnswerHead {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub delimited: Delimited,
    pub keep_alive: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the upstream's answer is malformed: {0}")]
pub struct BadHead(String);

impl BadHead {
    pub(super) fn too_large() -> Self {
        Self("its head is too large".to_owned())
    }
}

/// A head from an upstream.
#[derive(Debug)]
pub(super) enum Heard {
    /// An interim answer (1xx).
    Interim,
    Final(AnswerHead),
}

/// Takes a complete head off the front of `buffer`; none if more bytes are needed. Skips interim answers (1xx).
///
/// # Errors
/// When it is no head, or has contradicting framing.
pub fn parse(buffer: &mut BytesMut, method: &Method) -> Result<Option<AnswerHead>, BadHead> {
    loop {
        match next(buffer, method)? {
            None => return Ok(None),
            Some(Heard::Interim) => {}
            Some(Heard::Final(head)) => return Ok(Some(head)),
        }
    }
}

/// Takes the next head off the front of `buffer`, interim or not; none if more bytes are needed.
pub(super) fn next(buffer: &mut BytesMut, method: &Method) -> Result<Option<Heard>, BadHead> {
    let Some((length, head)) = parse_one(buffer, method)? else { return Ok(None) };
    if head.status.is_informational() {
        drop(buffer.split_to(length));
        return Ok(Some(Heard::Interim));
    }
    Ok(Some(Heard::Final(head)))
}

fn parse_one(buffer: &mut BytesMut, method: &Method) -> Result<Option<(usize, AnswerHead)>, BadHead> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut slots);
    let length = match parsed.parse(buffer).map_err(|error| BadHead(error.to_string()))? {
        httparse::Status::Partial => return Ok(None),
        httparse::Status::Complete(length) => length,
    };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(|| BadHead("no status".to_owned()))?;
    let mut draft = Draft::new(parsed.version == Some(1), parsed.headers.len());
    let base = buffer.as_ptr() as usize;
    let mut places = smallvec::SmallVec::<[(HeaderName, usize, usize); 16]>::new();
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| BadHead(error.to_string()))?;
        if draft.take_framing(&name, header.value)? {
            continue;
        }
        places.push((name, header.value.as_ptr() as usize - base, header.value.len()));
    }
    if status.is_informational() {
        return Ok(Some((length, draft.finish(status, method)?)));
    }
    // The values share the bytes they were read into: no copy and no allocation per header.
    let raw = buffer.split_to(length).freeze();
    for (name, start, length) in places {
        draft.headers.append(name, value(&raw, start, length)?);
    }
    Ok(Some((length, draft.finish(status, method)?)))
}

fn value(raw: &Bytes, start: usize, length: usize) -> Result<HeaderValue, BadHead> {
    // An empty value's address has no meaning; its slice must not be taken.
    if length == 0 {
        return Ok(HeaderValue::from_static(""));
    }
    HeaderValue::from_maybe_shared(raw.slice(start..start + length)).map_err(|error| BadHead(error.to_string()))
}

/// A head under construction.
struct Draft {
    headers: HeaderMap,
    length: Option<u64>,
    chunked: bool,
    keep_alive: bool,
    /// Stays true once set.
    close: bool,
    hop_by_hop: HopByHop,
    options: usize,
}

impl Draft {
    fn new(http11: bool, headers: usize) -> Self {
        Self {
            headers: HeaderMap::with_capacity(headers + 2),
            length: None,
            chunked: false,
            keep_alive: http11,
            close: false,
            hop_by_hop: HopByHop::default(),
            options: 0,
        }
    }

    /// Handles headers about the connection; returns true for those that must not go to the client.
    fn take_framing(&mut self, name: &HeaderName, value: &[u8]) -> Result<bool, BadHead> {
        if name == CONTENT_LENGTH {
            // Digits only: a number parser would accept `+5`, and the next server may not.
            let digits = std::str::from_utf8(value.trim_ascii()).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let length = digits.and_then(|text| text.parse().ok()).ok_or_else(|| BadHead("content-length is not a number".to_owned()))?;
            if self.length.is_some_and(|known| known != length) {
                return Err(BadHead("two different content-lengths".to_owned()));
            }
            let repeated = self.length.is_some();
            self.length = Some(length);
            return Ok(repeated);
        }
        if name == TRANSFER_ENCODING {
            if !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                return Err(BadHead("a transfer coding other than chunked".to_owned()));
            }
            self.chunked = true;
            return Ok(true);
        }
        if name == http::header::CONNECTION {
            let says = |what: &str| value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(what.as_bytes()));
            self.close |= says("close");
            self.keep_alive |= says("keep-alive");
            self.hop_by_hop.add(value, &mut self.options).map_err(|error| BadHead(error.to_string()))?;
            return Ok(true);
        }
        Ok(HopByHop::is_standard(name) || name.as_str().starts_with(INTERNAL))
    }

    fn finish(mut self, status: StatusCode, method: &Method) -> Result<AnswerHead, BadHead> {
        if self.chunked && self.length.take().is_some() {
            // Two delimiters are a way to smuggle answers; Qdrant never sends both.
            return Err(BadHead("both content-length and transfer-encoding".to_owned()));
        }
        let bodiless =
            method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED || status.is_informational();
        let delimited = match (bodiless, self.chunked, self.length) {
            (true, ..) | (false, false, Some(0)) => Delimited::Nothing,
            (false, true, _) => Delimited::Chunked,
            (false, false, Some(length)) => Delimited::Length(length),
            (false, false, None) => Delimited::Close,
        };
        self.hop_by_hop.take_out_of(&mut self.headers);
        let keep_alive = self.keep_alive && !self.close && delimited != Delimited::Close;
        Ok(AnswerHead { status, headers: self.headers, delimited, keep_alive })
    }
}
